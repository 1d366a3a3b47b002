using CsCheck;
using Realtime.Contracts;
using Realtime.Server.FanOut;

namespace Realtime.Tests.Server;

/// <summary>Up to where a node has pushed without a gap.</summary>
public sealed class PushProgressTests
{
    static StreamPosition At(long sequence) => new("k3f9", sequence);

    [Test]
    public void Nothing_counts_before_a_head_has_told_where_to_begin()
    {
        var progress = new PushProgress();

        progress.Pushed(At(1));

        progress.Contiguous.Should().BeNull();
    }

    [Test]
    public void Pushes_in_any_order_reach_the_last_position_before_the_first_gap() =>
        Gen.Int[1, 40].SelectMany(n => Gen.Shuffle(Enumerable.Range(1, n).ToArray()).Select(Gen.Int[0, n], (order, lost) => (order, lost))).Sample(sample =>
        {
            var progress = new PushProgress();
            progress.Reached(At(0));

            foreach (int sequence in sample.order)
            {
                if (sequence != sample.lost) progress.Pushed(At(sequence));
            }

            progress.Contiguous.Should().Be(At(sample.lost == 0 ? sample.order.Length : sample.lost - 1));
        });

    [Test]
    public void A_repair_closes_the_gap_and_what_was_ahead_of_it_counts()
    {
        var progress = new PushProgress();
        progress.Reached(At(5));
        progress.Pushed(At(7));
        progress.Pushed(At(8));

        progress.Reached(At(6));

        progress.Contiguous.Should().Be(At(8));
    }

    [Test]
    public void Another_epoch_begins_anew_and_an_older_position_changes_nothing()
    {
        var progress = new PushProgress();
        progress.Reached(At(5));
        progress.Reached(At(3));
        progress.Contiguous.Should().Be(At(5));

        progress.Reached(new StreamPosition("other", 2));
        progress.Pushed(At(6));

        progress.Contiguous.Should().Be(new StreamPosition("other", 2));
    }

    [Test]
    public void After_a_member_was_not_told_its_head_nothing_counts_until_the_next_one_even_what_was_ahead()
    {
        var progress = new PushProgress();
        progress.Reached(At(5));
        progress.Pushed(At(7));

        progress.Forget();
        progress.Pushed(At(6));
        progress.Contiguous.Should().BeNull();
        progress.Reached(At(5));

        progress.Contiguous.Should().Be(At(5));
    }
}
