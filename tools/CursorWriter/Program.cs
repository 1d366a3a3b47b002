// Saves a cursor to a file as fast as it can and never stops: what the tests kill in the middle of a save.
//
//   dotnet run --project tools/CursorWriter -- FILE      goes on from the cursor in the file; prints each sequence once it is saved
using Realtime.Client;
using Realtime.Contracts;

var store = new FileCursorStore(args[0]);
var cursor = await store.LoadAsync(CancellationToken.None)
    ?? new StreamCursor { ServerUrl = "http://localhost", UserId = "user_1", Position = new StreamPosition("file", 0) };
while (true)
{
    cursor = cursor with { Position = cursor.Position.At(cursor.Position.Sequence + 1), Id = Guid.NewGuid(), Time = TimeProvider.System.GetUtcNow() };
    await store.SaveAsync(cursor, CancellationToken.None);
    Console.WriteLine(cursor.Position.Sequence);
}
