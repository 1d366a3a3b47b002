using Microsoft.Extensions.Options;

namespace Realtime.Client.Hosting;

/// <summary>Says everything that is wrong with a client's options at once, by the key of the configuration where that is where it was read.</summary>
internal sealed class ClientOptionsValidation : IValidateOptions<AgentEventsClientOptions>
{
    public ValidateOptionsResult Validate(string? name, AgentEventsClientOptions options)
    {
        var faults = options.ConfigurationFaults.ToList();
        foreach (var (option, rule) in options.Faults())
        {
            // What could not be read has been said, and is missing only for that.
            string where = WhereSet(options, option) + " ";
            if (!options.ConfigurationFaults.Any(known => known.StartsWith(where, StringComparison.Ordinal))) faults.Add($"{where}{rule}.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static string WhereSet(AgentEventsClientOptions options, string option) =>
        options.ConfigurationPath is { } path && ClientSettings.IsKey(option) ? $"{path}:{option}" : $"{nameof(AgentEventsClientOptions)}.{option}";
}
