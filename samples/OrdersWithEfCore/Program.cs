// An order and the event that tells of it, in one EF Core transaction: both are there, or neither.
//
//   dotnet run --project samples/OrdersWithEfCore -- --ConnectionStrings:Postgres "Host=…;Database=…"
//   Options: --user demo
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrdersWithEfCore;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Server.Publishing;

try
{
    var builder = Host.CreateApplicationBuilder(args);
    builder.Logging.SetMinimumLevel(LogLevel.Warning);
    builder.AddRealtimePublisher(types => types.Add(OrderPlaced.TypeName, ShopJsonContext.Default.OrderPlaced));
    builder.Services.AddDbContext<Shop>(o => o.UseNpgsql(builder.Configuration.GetConnectionString("Postgres")));
    string user = builder.Configuration["user"] ?? "demo";
    if (!UserId.IsValid(user)) throw new ArgumentException($"--user must be {UserId.Rule}.");

    using var host = builder.Build();
    await host.StartAsync();
    var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
    await using var scope = host.Services.CreateAsyncScope();
    var shop = scope.ServiceProvider.GetRequiredService<Shop>();
    var publisher = scope.ServiceProvider.GetRequiredService<IAgentEventPublisher>();
    await shop.CreateTablesAsync(stopping);

    await PlaceAsync(total: 40, commit: true);
    await PlaceAsync(total: 41, commit: false);
    await PlaceAsync(total: 42, commit: true);
    Console.WriteLine($"{await shop.Orders.CountAsync(o => o.UserId == user, stopping)} orders of {user}.");
    await host.StopAsync(CancellationToken.None);
    return 0;

    async Task PlaceAsync(decimal total, bool commit)
    {
        await using var transaction = await shop.Database.BeginTransactionAsync(stopping);
        var order = new Order { UserId = user, Total = total };
        shop.Orders.Add(order);
        await shop.SaveChangesAsync(stopping);

        // Last: the user's stream is held from here to the commit.
        var receipt = await publisher.AppendAsync(transaction.GetDbTransaction(), user, new OrderPlaced(order.Id, total), cancellationToken: stopping);
        if (commit) await transaction.CommitAsync(stopping);
        else await transaction.RollbackAsync(stopping);

        shop.ChangeTracker.Clear();
        Console.WriteLine($"Order over {total}: {(commit ? $"committed, with event {receipt.Position}" : "rolled back, and with it its event")}.");
    }
}
catch (Exception fault) when (fault is RealtimeConfigurationException or ArgumentException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}
