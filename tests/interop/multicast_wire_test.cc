// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What multicast routing puts on the wires of a fabric, read by an independent decoder. Not run
 * where tshark is missing.
 */
#include "model/multicast_member.h"
#include "support/workspace.h"

#include "ns3/underlay-multicast-helper.h"

#include <algorithm>
#include <fstream>

namespace weft::tests
{
namespace
{

using ns3::underlay::MulticastHelper;

/// A capture file of Ethernet frames.
class Capture
{
  public:
    explicit Capture(const std::filesystem::path& file) : m_out(file, std::ios::binary)
    {
        Word(0xa1b23c4d); // nanoseconds
        Word(2 | 4 << 16);
        Word(0);
        Word(0);
        Word(65535);
        Word(1); // LINKTYPE_ETHERNET
    }

    void
    Add(Ptr<const ns3::Packet> frame, ns3::Time)
    {
        const Bytes bytes = ToBytes(frame);
        const std::int64_t now = Simulator::Now().GetNanoSeconds();
        Word(static_cast<std::uint32_t>(now / 1'000'000'000));
        Word(static_cast<std::uint32_t>(now % 1'000'000'000));
        Word(static_cast<std::uint32_t>(bytes.size()));
        Word(static_cast<std::uint32_t>(bytes.size()));
        m_out.write(reinterpret_cast<const char*>(bytes.data()),
                    static_cast<std::streamsize>(bytes.size()));
        ++frames;
    }

    std::size_t frames = 0;

  private:
    void
    Word(std::uint32_t value)
    {
        m_out.write(reinterpret_cast<const char*>(&value), 4); // readers detect the byte order
    }

    std::ofstream m_out;
};

class MulticastWire : public FabricTest
{
  protected:
    void
    SetUp() override
    {
        if (std::system("command -v tshark >/dev/null 2>&1") != 0)
        {
            GTEST_SKIP() << "not run: tshark is not installed";
        }
    }

    /// Runs a fabric in which members come and go, and a link fails and returns.
    void
    Run(const std::string& mode, const std::string& igmp = "3")
    {
        const auto capture = std::make_unique<Capture>(here.Path() / "wire.pcap");
        FabricHelper fabric(1);
        MulticastHelper helper(1);
        fabric.LeafSpine(3, 2);
        std::vector<std::unique_ptr<Member>> hosts;
        for (int leaf = 1; leaf <= 3; ++leaf)
        {
            hosts.push_back(std::make_unique<Member>(
                fabric, "leaf" + std::to_string(leaf), static_cast<unsigned>(std::stoi(igmp))));
        }
        fabric.Start();
        helper.SetAttribute("Mode", ns3::StringValue(mode));
        helper.SetAttribute("IgmpVersion", ns3::StringValue(igmp));
        helper.SetRendezvousPoint("spine1");
        helper.Install(fabric);
        for (const std::string& name : fabric.GetLinkNames())
        {
            for (const auto& device :
                 {fabric.GetLink(name)->GetFirst(), fabric.GetLink(name)->GetSecond()})
            {
                device->TraceConnectWithoutContext("Transmit",
                                                   ns3::MakeCallback(&Capture::Add, capture.get()));
            }
        }
        const IpAddress group = *IpAddress::Parse("239.0.3.96");
        hosts[1]->JoinAt(Seconds(8), group);
        hosts[2]->JoinAt(Seconds(12), group);
        for (std::uint32_t id = 1; id <= 150; ++id)
        {
            hosts[0]->SendAt(Seconds(9 + id), group, id);
        }
        hosts[2]->LeaveAt(Seconds(20.5), group);
        hosts[2]->JoinAt(Seconds(30.5), group);
        Simulator::Schedule(Seconds(40),
                            [&fabric] { fabric.GetLink("leaf2.spine1")->SetUp(false); });
        Simulator::Schedule(Seconds(50),
                            [&fabric] { fabric.GetLink("leaf2.spine1")->SetUp(true); });
        RunUntil(Seconds(160));
        EXPECT_EQ(hosts[1]->Received(150), 1u);
        frames = capture->frames;
    }

    /// @return lines that tshark prints for packets of a filter
    std::size_t
    Count(const std::string& filter) const
    {
        const std::string text =
            support::Shell("tshark -r '" + (here.Path() / "wire.pcap").string() +
                           "' -o ip.check_checksum:TRUE -Y '" + filter +
                           "' -T fields -e frame.number 2>/dev/null")
                .text;
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }

    void
    ExpectCleanDecode() const
    {
        EXPECT_EQ(Count("frame"), frames);
        EXPECT_EQ(Count("_ws.malformed || _ws.short"), 0u);
        EXPECT_EQ(Count("_ws.expert.severity >= 8388608"), 0u) << "errors";
        EXPECT_EQ(Count("ip.checksum.status == 0"), 0u);
        EXPECT_EQ(Count("igmp.checksum.status == 0"), 0u);
        EXPECT_EQ(Count("pim.cksum.status == 0"), 0u);
        EXPECT_EQ(Count("pim && pim.cksum.status == 1"), Count("pim"));
        EXPECT_EQ(Count("igmp && igmp.checksum.status == 1"), Count("igmp"));
        EXPECT_EQ(Count("igmp && !(ip.ttl == 1 && ip.dsfield == 0xc0 && ip.opt.ra == 0)"), 0u);
        EXPECT_EQ(Count("pim && ip.dst == 224.0.0.13 && !(ip.ttl == 1 && ip.dsfield == 0xc0)"), 0u);
        EXPECT_GT(Count("igmp.type == 0x11 && ip.dst == 224.0.0.1"), 3u) << "general queries";
        EXPECT_GT(Count("igmp.type == 0x11 && igmp.maddr == 239.0.3.96"), 1u) << "after a leave";
    }

    support::Workspace here;
    std::size_t frames = 0;
};

TEST_F(MulticastWire, SparseModeDecodes)
{
    Run("Sparse");
    ExpectCleanDecode();
    EXPECT_GT(Count("pim.type == 0 && pim.holdtime == 105 && pim.dr_priority == 1"), 12u);
    EXPECT_GT(Count("pim.type == 3 && pim.join_ip && pim.group == 239.0.3.96"), 3u);
    EXPECT_GT(Count("pim.type == 3 && pim.prune_ip"), 1u);
    EXPECT_GE(Count("pim.type == 1 && pim.register_flag.null_register == 0 && udp"), 2u)
        << "Registers, with the packet inside decoded";
    EXPECT_GE(Count("pim.type == 2"), 2u) << "Register-Stop, on two links";
    EXPECT_GE(Count("pim.type == 1 && pim.register_flag.null_register == 1"), 1u);
    EXPECT_GT(Count("igmp.type == 0x22 && ip.dst == 224.0.0.22"), 3u) << "reports of version 3";
}

TEST_F(MulticastWire, DenseModeDecodes)
{
    Run("Dense", "2");
    ExpectCleanDecode();
    EXPECT_GT(Count("pim.type == 3 && pim.prune_ip && !(pim.join_ip)"), 0u);
    EXPECT_GT(Count("pim.type == 6"), 0u) << "Graft";
    EXPECT_GT(Count("pim.type == 7"), 0u) << "Graft-Ack";
    EXPECT_GT(Count("pim.type == 5 && pim.group == 239.0.3.96"), 0u) << "Assert";
    EXPECT_GT(Count("pim.type == 9"), 1u) << "State Refresh";
    EXPECT_GT(Count("igmp.type == 0x16"), 2u) << "reports of version 2";
    EXPECT_EQ(Count("igmp.type == 0x17 && ip.dst == 224.0.0.2"), 1u) << "a leave";
}

TEST_F(MulticastWire, BidirectionalModeDecodes)
{
    Run("Bidirectional");
    ExpectCleanDecode();
    EXPECT_GT(Count("pim.type == 10"), 12u) << "election of forwarders";
    EXPECT_GT(Count("pim.type == 3 && pim.join_ip == 10.255.0.4"), 2u) << "joins of the RP's tree";
    EXPECT_EQ(Count("pim.type == 1"), 0u);
}

} // namespace
} // namespace weft::tests
