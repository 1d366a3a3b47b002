using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;

namespace OrdersWithEfCore;

/// <summary>A row of the shop.</summary>
internal sealed class Order
{
    public long Id { get; set; }

    public required string UserId { get; set; }

    public required decimal Total { get; set; }
}

/// <summary>What the user is told of it: data of the event <c>order.placed</c>.</summary>
internal sealed record OrderPlaced(long OrderId, decimal Total)
{
    public const string TypeName = "order.placed";
}

/// <summary>Camel case on the wire, and no reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderPlaced))]
internal sealed partial class ShopJsonContext : JsonSerializerContext;

/// <summary>The shop's tables, in the database that holds the events.</summary>
internal sealed class Shop(DbContextOptions<Shop> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    /// <summary>EF Core's EnsureCreated makes no table in a database that has some; a real application has migrations.</summary>
    public Task CreateTablesAsync(CancellationToken cancellationToken) => Database.ExecuteSqlRawAsync(
        "create table if not exists shop_orders (id bigint generated always as identity primary key, user_id text not null, total numeric not null)",
        cancellationToken);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Order>(order =>
    {
        order.ToTable("shop_orders");
        order.Property(o => o.Id).HasColumnName("id").UseIdentityAlwaysColumn();
        order.Property(o => o.UserId).HasColumnName("user_id");
        order.Property(o => o.Total).HasColumnName("total");
    });
}
