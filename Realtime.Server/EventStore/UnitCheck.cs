using System.Text;
using System.Text.Unicode;

namespace Realtime.Server.EventStore;

/// <summary>Finds what cannot even be sent to a database: text that has no UTF-8 form, such as half of a surrogate pair.</summary>
internal static class UnitCheck
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The refusal of a unit that has no UTF-8 form, or <see langword="null"/>.</summary>
    public static AppendOutcome.Refused? FindRefusal(AppendUnit unit)
    {
        foreach (var item in unit.Events)
        {
            if (Problem(item) is { } problem) return new AppendOutcome.Refused($"Event {item.Id}: {problem}");
        }

        return null;
    }

    private static string? Problem(NewEvent item)
    {
        try
        {
            StrictUtf8.GetByteCount(item.UserId);
            StrictUtf8.GetByteCount(item.Type);
        }
        catch (EncoderFallbackException fault)
        {
            return fault.Message;
        }

        return Utf8.IsValid(item.Data.Utf8.Span) ? null : "data is not UTF-8.";
    }
}
