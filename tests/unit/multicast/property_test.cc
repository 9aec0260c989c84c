// SPDX-License-Identifier: GPL-2.0-only
// What has to hold in every mode over random networks and memberships, once they have converged:
// every member gets exactly one copy of every packet, and no link carries a packet for nobody.
#include "random_network.h"

#include <gtest/gtest.h>

namespace weft::multicast::test
{
namespace
{

/// Lets every source send until trees have settled, then checks one more packet of each.
void
ExpectExactDelivery(RandomNetwork& r, Mode mode, const std::string& when)
{
    for (int second = 0; second < 12; ++second)
    {
        for (const std::size_t source : r.sources)
        {
            r.network.Send(source, r.group);
        }
        r.network.Run(1s);
    }
    for (const std::size_t source : r.sources)
    {
        const std::uint32_t id = r.network.Send(source, r.group);
        r.network.Run(1s);
        for (std::size_t host = 0; host < r.hosts.size(); ++host)
        {
            const bool wants = r.members.contains(host) && host != source;
            ASSERT_EQ(r.network.Received(host, id), wants ? 1u : 0u)
                << when << ": host " << host << " from " << source << ", " << ToString(mode)
                << " seed " << r.seed << "\n"
                << r.Describe();
        }
        for (std::size_t link = 0; link < r.network.Links(); ++link)
        {
            ASSERT_LE(r.network.Crossings(link, id), 1u)
                << when << ": link " << link << ", " << ToString(mode) << " seed " << r.seed << "\n"
                << r.Describe();
        }
        const auto idle = r.CarriesForNobody(id, source, mode);
        ASSERT_TRUE(idle.empty()) << when << ": link " << *idle.begin() << " from host " << source
                                  << ", " << ToString(mode) << " seed " << r.seed << "\n"
                                  << r.Describe();
    }
}

class Property : public testing::TestWithParam<Mode>
{
};

TEST_P(Property, EveryMemberGetsOneCopyAndNoLinkCarriesForNobody)
{
    for (std::uint64_t seed = 1; seed <= 500; ++seed)
    {
        RandomNetwork r(seed, GetParam());
        r.Start();
        r.network.Run(15s);
        for (const std::size_t host : r.members)
        {
            r.network.Join(host, r.group);
            r.network.Run(100ms);
        }
        r.network.Run(5s);
        ExpectExactDelivery(r, GetParam(), "after joining");
        if (HasFatalFailure())
        {
            return;
        }
        // Half of the members leave, and somebody else comes.
        r.ChangeMembers();
        r.network.Run(10s);
        ExpectExactDelivery(r, GetParam(), "after members changed");
        if (HasFatalFailure())
        {
            return;
        }
        if (r.CutSomeLink())
        {
            r.network.Run(8s);
            ExpectExactDelivery(r, GetParam(), "after a link failed");
            if (HasFatalFailure())
            {
                return;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Modes,
    Property,
    testing::Values(Mode::Sparse, Mode::Dense, Mode::Bidirectional, Mode::Static),
    [](const auto& info) { return std::string(ToString(info.param)); });

} // namespace
} // namespace weft::multicast::test
