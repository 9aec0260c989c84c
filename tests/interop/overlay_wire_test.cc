// SPDX-License-Identifier: GPL-2.0-only
/** @file An independent decoder reads every encapsulation: no malformed packet, good checksums, and
 * the fields that were meant. Not run where tshark is missing. */
#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-udp.h"
#include "ns3/vxlan-preset.h"
#include "ns3/vxlan-stt.h"
#include "support/pcap.h"

#include <gtest/gtest.h>

namespace weft::testing
{
namespace
{

using netbase::Bytes;
using netbase::IpAddress;
using netbase::MacAddress;
using vxlan::EncapsulationConfig;
using vxlan::EncapsulationKind;
using vxlan::Preset;

IpAddress
Ip(const char* text)
{
    return IpAddress::Parse(text).value();
}

MacAddress
Mac(const char* text)
{
    return MacAddress::Parse(text).value();
}

const char* const MALFORMED = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0"
                              " || tcp.checksum.status == 0"
                              " || gre.checksum.status == 0 || _ws.expert.severity == error";

class OverlayWire : public ::testing::Test
{
  protected:
    void
    SetUp() override
    {
        if (!support::HasTshark())
        {
            GTEST_SKIP() << "not run: tshark is not installed";
        }
    }

    /// A datagram of VM 192.168.0.100 to VM 192.168.0.101.
    static Bytes
    Datagram(std::size_t payload, std::optional<std::uint16_t> tci = {}, std::uint8_t tos = 0)
    {
        Bytes frame;
        netbase::AppendEthernet(frame,
                                {.destination = Mac("00:50:56:00:00:65"),
                                 .source = Mac("00:50:56:00:00:64"),
                                 .tci = tci,
                                 .type = netbase::ethertype::IPV4});
        netbase::AppendUdpPacket(frame,
                                 {.source = Ip("192.168.0.100"),
                                  .destination = Ip("192.168.0.101"),
                                  .sourcePort = 40000,
                                  .destinationPort = 9,
                                  .tos = tos},
                                 Bytes(payload, 0x5a));
        return frame;
    }

    /// Encapsulates a frame and captures the packets on an Ethernet.
    std::size_t
    Send(const EncapsulationConfig& config,
         const Bytes& frame,
         vxlan::Vni vni,
         const char* source = "10.1.1.10",
         const char* destination = "10.1.2.20")
    {
        const auto encapsulation = vxlan::MakeEncapsulation(config);
        vxlan::PacketQueue queue;
        EXPECT_EQ(encapsulation->Encapsulate(frame, vni, {Ip(source), Ip(destination)}, queue),
                  vxlan::DropReason::None);
        const std::size_t count = queue.Size();
        vxlan::NoMeta meta;
        for (Bytes packet; queue.Pop(packet, meta);)
        {
            Bytes outer;
            netbase::AppendEthernet(outer,
                                    {.destination = Mac("00:13:73:0c:76:24"),
                                     .source = Mac("02:00:00:00:00:01"),
                                     .tci = {},
                                     .type = packet[0] >> 4 == 6 ? netbase::ethertype::IPV6
                                                                 : netbase::ethertype::IPV4});
            outer.insert(outer.end(), packet.begin(), packet.end());
            m_capture.Add(outer);
        }
        return count;
    }

    static EncapsulationConfig
    Fixed(Preset preset, EncapsulationKind kind)
    {
        EncapsulationConfig config = vxlan::MakeConfig(preset, kind);
        config.sourcePort = vxlan::SourcePortMode::Fixed;
        config.fixedSourcePort = 50001;
        config.reservedVsids = true;
        return config;
    }

    void
    ExpectWellFormed()
    {
        EXPECT_EQ(m_capture.Tshark(std::string("-Y '") + MALFORMED + "'"), "");
    }

    support::Workspace m_here;
    support::PcapFile m_capture{m_here.Path() / "overlay.pcap"};
};

TEST_F(OverlayWire, VxlanOfTheWalkThrough)
{
    const EncapsulationConfig config = Fixed(Preset::Rfc7348, EncapsulationKind::Vxlan);
    Bytes arp;
    netbase::BuildArpRequest(
        arp, Mac("00:50:56:00:00:64"), Ip("192.168.0.100"), Ip("192.168.0.101"));
    Send(config, arp, 864, "10.1.1.10", "239.0.3.96");
    Send(config, Datagram(72), 864);
    Send(config, Datagram(72), 864, "2001:db8:1::10", "2001:db8:2::20");
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"ip.src",
                                "ip.dst",
                                "ip.proto",
                                "ip.ttl",
                                "udp.srcport",
                                "udp.dstport",
                                "udp.checksum",
                                "vxlan.flags",
                                "vxlan.vni",
                                "arp.opcode",
                                "frame.len"},
                               "frame.number == 1"),
              "10.1.1.10\t239.0.3.96\t17\t64\t50001\t4789\t0x0000\t0x0800\t864\t1\t92\n");
    EXPECT_EQ(m_capture.Fields({"eth.dst",
                                "ip.src",
                                "ip.dst",
                                "udp.srcport",
                                "udp.dstport",
                                "vxlan.flags",
                                "vxlan.vni",
                                "frame.len"},
                               "frame.number == 2"),
              "00:13:73:0c:76:24,00:50:56:00:00:65\t10.1.1.10,192.168.0.100\t"
              "10.1.2.20,192.168.0.101\t50001,40000\t4789,9\t0x0800\t864\t164\n");
    EXPECT_EQ(
        m_capture.Fields(
            {"ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.hlim", "vxlan.vni", "ip.src", "frame.len"},
            "frame.number == 3"),
        "2001:db8:1::10\t2001:db8:2::20\t17\t64\t864\t192.168.0.100\t184\n");
}

TEST_F(OverlayWire, VxlanAsLinuxAndOvsSendIt)
{
    Send(Fixed(Preset::Linux, EncapsulationKind::Vxlan), Datagram(72, {}, 0x03), 864);
    Send(Fixed(Preset::Linux, EncapsulationKind::Vxlan),
         Datagram(73),
         864,
         "2001:db8:1::10",
         "2001:db8:2::20");
    Send(Fixed(Preset::Ovs, EncapsulationKind::Vxlan), Datagram(72, 7), 16777215);
    EncapsulationConfig policy = Fixed(Preset::Linux, EncapsulationKind::Vxlan);
    policy.groupPolicy = true;
    policy.groupPolicyId = 0x1234;
    Send(policy, Datagram(72), 5);
    ExpectWellFormed();
    // Checksum status 1: good, 2: bad or unverified, 3: not present.
    EXPECT_EQ(m_capture.Fields({"udp.checksum.status",
                                "ip.flags.df",
                                "ip.dsfield.ecn",
                                "vxlan.vni",
                                "vlan.id",
                                "vxlan.gbp"}),
              "1,1\t0,0\t2,3\t864\t\t0\n"
              "1,1\t0\t0\t864\t\t0\n"
              "3,1\t1,0\t0,0\t16777215\t7\t0\n"
              "1,1\t0,0\t0,0\t5\t\t4660\n");
}

TEST_F(OverlayWire, NvgreAndGreTeb)
{
    Send(Fixed(Preset::Rfc7348, EncapsulationKind::Nvgre), Datagram(72), 0x0abcde);
    EncapsulationConfig teb = Fixed(Preset::Rfc7348, EncapsulationKind::GreTeb);
    Send(teb, Datagram(72), 0x0abcde5a);
    Send(teb, Datagram(72), 0);
    teb.checksum = vxlan::ChecksumMode::Computed;
    Send(teb, Datagram(71), 864);
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"ip.proto",
                                "gre.proto",
                                "gre.flags_and_version",
                                "frame.len",
                                "gre.checksum.status",
                                "udp.dstport"}),
              "47,17\t0x6558\t0x2000\t156\t\t9\n"
              "47,17\t0x6558\t0x2000\t156\t\t9\n"
              "47,17\t0x6558\t0x0000\t152\t\t9\n"
              "47,17\t0x6558\t0xa000\t159\t1\t9\n");
    const std::string keys = m_capture.Fields({"gre.key"});
    EXPECT_EQ(keys.substr(0, 8), "0x0abcde") << "VSID, then the FlowID";
    EXPECT_EQ(keys.substr(11), "0x0abcde5a\n\n0x00000360\n");
}

TEST_F(OverlayWire, Geneve)
{
    EncapsulationConfig config = Fixed(Preset::Rfc7348, EncapsulationKind::Geneve);
    Send(config, Datagram(72), 864);
    config.geneveOptions = {0x01, 0x02, 0x83, 0x01, 0xde, 0xad, 0xbe, 0xef};
    Send(config, Datagram(72), 864);
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"udp.dstport",
                                "geneve.version",
                                "geneve.proto_type",
                                "geneve.vni",
                                "geneve.flags.critical",
                                "geneve.option.class",
                                "geneve.option.type",
                                "frame.len"}),
              "6081,9\t0\t0x6558\t0x000360\t0\t\t\t164\n"
              "6081,9\t0\t0x6558\t0x000360\t1\t0x0102\t0x83\t172\n");
}

TEST_F(OverlayWire, SttInSegments)
{
    const EncapsulationConfig config = Fixed(Preset::Rfc7348, EncapsulationKind::Stt);
    EXPECT_EQ(Send(config, Datagram(72), 864), 1u);
    EXPECT_EQ(Send(config, Datagram(72, 0xa00a), 0x123456), 1u);
    EXPECT_EQ(Send(config, Datagram(4000), 864), 3u);
    ExpectWellFormed();
    // tshark 4.0's STT dissector takes every good checksum for a bad one; its TCP dissector does
    // not.
    EXPECT_EQ(m_capture.Tshark("-o ip.try_heuristic_first:FALSE -T fields -e tcp.checksum.status"),
              "1\n1\n1\n1\n1\n");
    EXPECT_EQ(m_capture.Fields({"stt.dport",
                                "stt.pkt_len",
                                "stt.seg_off",
                                "stt.tcp.flags.ack",
                                "stt.version",
                                "stt.context_id",
                                "stt.vlan.v",
                                "stt.vlan.pcp",
                                "stt.vlan.id",
                                "ip.src"},
                               "frame.number <= 2"),
              "7471\t132\t0\t1\t0\t0x0000000000000360\t0\t0\t0\t10.1.1.10,192.168.0.100\n"
              "7471\t132\t0\t1\t0\t0x0000000000123456\t1\t5\t10\t10.1.1.10,192.168.0.100\n");
    EXPECT_EQ(m_capture.Fields({"stt.pkt_len", "stt.seg_off", "frame.len"}, "frame.number > 2"),
              "4060\t0\t1514\n"
              "4060\t1460\t1514\n"
              "4060\t2920\t1194\n");
    EXPECT_EQ(m_capture.Fields({"stt.segment.count", "stt.reassembled.length", "udp.length"},
                               "frame.number == 5"),
              "3\t4080\t4008\n")
        << "tshark puts the same frame together; it counts the TCP header of the first segment";
}

} // namespace
} // namespace weft::testing
