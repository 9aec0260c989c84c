// SPDX-License-Identifier: GPL-2.0-only
/** @file An independent decoder reads the control protocols: ARP, RARP, IGMP, PIM, VRRP. No
 * malformed packet, good checksums, the fields that were meant. Not run where tshark is missing.
 *
 * tshark prints a PIM group twice: with its mask, and alone. */
#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-igmp.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/underlay-pim-message.h"
#include "ns3/vxlan-vrrp-message.h"
#include "support/pcap.h"

#include <gtest/gtest.h>

namespace weft::testing
{
namespace
{

using namespace std::chrono_literals;
using netbase::Bytes;
using netbase::IpAddress;
using netbase::MacAddress;

IpAddress
Ip(const char* text)
{
    return IpAddress::Parse(text).value();
}

class ControlWire : public ::testing::Test
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

    /// Captures an IPv4 packet on an Ethernet.
    void
    Add(const Bytes& packet)
    {
        const IpAddress to = IpAddress::V4(netbase::Read32(&packet[16]));
        Bytes frame;
        netbase::AppendEthernet(frame,
                                {.destination = to.IsMulticast() ? netbase::GroupMac(to)
                                                                 : MacAddress::FromInteger(0x22),
                                 .source = MacAddress::FromInteger(0x020000000011),
                                 .tci = {},
                                 .type = netbase::ethertype::IPV4});
        frame.insert(frame.end(), packet.begin(), packet.end());
        m_capture.Add(frame);
    }

    void
    Pim(const multicast::PimMessage& message, const char* to = "224.0.0.13")
    {
        Bytes packet;
        multicast::AppendPimPacket(packet, m_router, Ip(to), message);
        Add(packet);
    }

    void
    Igmp(const netbase::IgmpMessage& message, const char* to)
    {
        Bytes packet;
        netbase::AppendIgmpPacket(packet, m_router, Ip(to), message);
        Add(packet);
    }

    void
    ExpectWellFormed()
    {
        EXPECT_EQ(m_capture.Tshark("-Y '_ws.malformed || _ws.expert.severity == error ||"
                                   " ip.checksum.status == 0 || igmp.checksum.status == 0 ||"
                                   " pim.cksum.status == 0 || vrrp.checksum.status == 0'"),
                  "");
    }

    const IpAddress m_router = Ip("10.1.1.1");
    support::Workspace m_here;
    support::PcapFile m_capture{m_here.Path() / "control.pcap"};
};

TEST_F(ControlWire, Arp)
{
    const MacAddress mac = MacAddress::Parse("00:50:56:00:00:64").value();
    const MacAddress other = MacAddress::Parse("00:50:56:00:00:65").value();
    Bytes frame;
    netbase::BuildArpRequest(frame, mac, Ip("192.168.0.100"), Ip("192.168.0.101"));
    m_capture.Add(frame);
    netbase::BuildArpReply(frame,
                           {.senderMac = mac,
                            .sender = Ip("192.168.0.100"),
                            .targetMac = {},
                            .target = Ip("192.168.0.101")},
                           other);
    m_capture.Add(frame);
    netbase::BuildGarp(frame, mac, Ip("192.168.0.100"));
    m_capture.Add(frame);
    netbase::BuildGarp(frame, mac, Ip("192.168.0.100"), netbase::GarpForm::Reply);
    m_capture.Add(frame);
    netbase::BuildRarp(frame, mac);
    m_capture.Add(frame);
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"eth.dst",
                                "eth.type",
                                "arp.opcode",
                                "arp.isgratuitous",
                                "arp.src.hw_mac",
                                "arp.src.proto_ipv4",
                                "arp.dst.hw_mac",
                                "arp.dst.proto_ipv4"}),
              "ff:ff:ff:ff:ff:ff\t0x0806\t1\t\t00:50:56:00:00:64\t192.168.0.100\t"
              "00:00:00:00:00:00\t192.168.0.101\n"
              "00:50:56:00:00:64\t0x0806\t2\t\t00:50:56:00:00:65\t192.168.0.101\t"
              "00:50:56:00:00:64\t192.168.0.100\n"
              "ff:ff:ff:ff:ff:ff\t0x0806\t1\t1\t00:50:56:00:00:64\t192.168.0.100\t"
              "00:00:00:00:00:00\t192.168.0.100\n"
              "ff:ff:ff:ff:ff:ff\t0x0806\t2\t1\t00:50:56:00:00:64\t192.168.0.100\t"
              "ff:ff:ff:ff:ff:ff\t192.168.0.100\n"
              "ff:ff:ff:ff:ff:ff\t0x8035\t3\t\t00:50:56:00:00:64\t0.0.0.0\t"
              "00:50:56:00:00:64\t0.0.0.0\n");
}

TEST_F(ControlWire, Igmp)
{
    using netbase::IgmpRecordType;
    using netbase::IgmpType;
    const IpAddress group = Ip("239.0.3.96");
    netbase::IgmpMessage query;
    query.maxResponse = 10s;
    query.queryInterval = 125s;
    Igmp(query, "224.0.0.1");
    query.group = group;
    query.maxResponse = 1s;
    query.suppress = true;
    query.sources = {Ip("10.9.9.9")};
    Igmp(query, "239.0.3.96");
    netbase::IgmpMessage old;
    old.version = 2;
    old.maxResponse = 10s;
    Igmp(old, "224.0.0.1");
    netbase::IgmpMessage report;
    report.type = IgmpType::V3Report;
    report.records = {{IgmpRecordType::ChangeToExclude, group, {}},
                      {IgmpRecordType::AllowNewSources, Ip("232.1.1.1"), {Ip("10.9.9.9")}}};
    Igmp(report, "224.0.0.22");
    netbase::IgmpMessage second;
    second.type = IgmpType::V2Report;
    second.version = 2;
    second.group = group;
    Igmp(second, "239.0.3.96");
    second.type = IgmpType::V2Leave;
    Igmp(second, "224.0.0.2");
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"eth.dst",
                                "ip.ttl",
                                "ip.dsfield",
                                "ip.opt.ra",
                                "igmp.type",
                                "igmp.version",
                                "igmp.maddr",
                                "igmp.max_resp"}),
              "01:00:5e:00:00:01\t1\t0xc0\t0\t0x11\t3\t0.0.0.0\t100\n"
              "01:00:5e:00:03:60\t1\t0xc0\t0\t0x11\t3\t239.0.3.96\t10\n"
              "01:00:5e:00:00:01\t1\t0xc0\t0\t0x11\t2\t0.0.0.0\t100\n"
              "01:00:5e:00:00:16\t1\t0xc0\t0\t0x22\t3\t239.0.3.96,232.1.1.1\t\n"
              "01:00:5e:00:03:60\t1\t0xc0\t0\t0x16\t2\t239.0.3.96\t0\n"
              "01:00:5e:00:00:02\t1\t0xc0\t0\t0x17\t2\t239.0.3.96\t0\n");
    EXPECT_EQ(m_capture.Fields({"igmp.s",
                                "igmp.qrv",
                                "igmp.qqic",
                                "igmp.num_src",
                                "igmp.saddr",
                                "igmp.num_grp_recs",
                                "igmp.record_type"},
                               "igmp.version == 3"),
              "0\t2\t125\t0\t\t\t\n"
              "1\t2\t125\t1\t10.9.9.9\t\t\n"
              "\t\t\t0,1\t10.9.9.9\t2\t4,5\n");
}

TEST_F(ControlWire, Vrrp)
{
    vxlan::VrrpMessage message;
    message.vrid = 10;
    message.priority = 200;
    message.interval = 100;
    message.source = Ip("192.168.0.2");
    message.addresses = {Ip("192.168.0.254"), Ip("192.168.0.253")};
    Bytes frame;
    vxlan::WriteVrrpFrame(message, frame);
    m_capture.Add(frame);
    message.priority = 0;
    vxlan::WriteVrrpFrame(message, frame);
    m_capture.Add(frame);
    ExpectWellFormed();
    const std::string head = "00:00:5e:00:01:0a\t01:00:5e:00:00:12\t192.168.0.2\t224.0.0.18\t255\t"
                             "112\t3\t1\t10\t";
    EXPECT_EQ(m_capture.Fields({"eth.src",
                                "eth.dst",
                                "ip.src",
                                "ip.dst",
                                "ip.ttl",
                                "ip.proto",
                                "vrrp.version",
                                "vrrp.type",
                                "vrrp.virt_rtr_id",
                                "vrrp.prio",
                                "vrrp.addr_count",
                                "vrrp.short_adver_int",
                                "vrrp.ip_addr",
                                "vrrp.checksum.status"}),
              head + "200\t2\t100\t192.168.0.254,192.168.0.253\t1\n" + head +
                  "0\t2\t100\t192.168.0.254,192.168.0.253\t1\n");
}

TEST_F(ControlWire, PimNeighboursAndTrees)
{
    multicast::PimHello hello;
    hello.holdtime = 105;
    hello.lanPruneDelay = multicast::PimLanPruneDelay{false, 500, 2500};
    hello.drPriority = 7;
    hello.generationId = 0x12345678;
    hello.stateRefreshInterval = 60;
    hello.bidirectional = true;
    hello.addresses = {Ip("10.1.1.2")};
    Pim(hello);
    multicast::PimGroupRecord shared;
    shared.group = Ip("239.0.3.96");
    shared.joins = {{.address = Ip("10.0.0.1"), .wildcard = true, .rpTree = true}};
    shared.prunes = {{.address = Ip("10.9.9.9"), .rpTree = true}};
    Pim(multicast::PimJoinPrune{.upstream = Ip("10.1.1.254"), .holdtime = 210, .groups = {shared}});
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"eth.dst",
                                "ip.ttl",
                                "pim.version",
                                "pim.type",
                                "pim.holdtime",
                                "pim.propagation_delay",
                                "pim.override_interval",
                                "pim.dr_priority",
                                "pim.generation_id",
                                "pim.state_refresh_interval",
                                "pim.optiontype",
                                "pim.address_list",
                                "pim.cksum.status"},
                               "pim.type == 0"),
              "01:00:5e:00:00:0d\t1\t2\t0\t105\t500\t2500\t7\t305419896\t60\t1,2,19,20,21,22,24\t"
              "10.1.1.2\t1\n");
    EXPECT_EQ(
        m_capture.Fields({"pim.upstream_neighbor",
                          "pim.holdtime",
                          "pim.numgroups",
                          "pim.group",
                          "pim.numjoins",
                          "pim.join_ip",
                          "pim.numprunes",
                          "pim.prune_ip",
                          "pim.source_addr.flags.s",
                          "pim.source_addr.flags.w",
                          "pim.source_addr.flags.r",
                          "pim.cksum.status"},
                         "pim.type == 3"),
        "10.1.1.254\t210\t1\t239.0.3.96,239.0.3.96\t1\t10.0.0.1\t1\t10.9.9.9\t1,1\t1,0\t1,1\t1\n");
}

TEST_F(ControlWire, PimRegisterAndAssert)
{
    Bytes data;
    netbase::AppendIgmpPacket(
        data, Ip("10.9.9.9"), Ip("239.0.3.96"), {}); // any packet to the group
    multicast::PimRegister full;
    full.packet = data;
    Pim(full, "10.0.0.1");
    multicast::PimRegister probe;
    probe.null = true;
    Bytes header(netbase::IPV4_HEADER);
    netbase::WriteIpv4(header,
                       {.totalLength = netbase::IPV4_HEADER,
                        .protocol = netbase::protocol::PIM,
                        .source = Ip("10.9.9.9"),
                        .destination = Ip("239.0.3.96")});
    probe.packet = header;
    Pim(probe, "10.0.0.1");
    Pim(multicast::PimRegisterStop{Ip("239.0.3.96"), Ip("10.9.9.9")}, "10.1.1.9");
    Pim(multicast::PimAssert{.group = Ip("239.0.3.96"),
                             .source = Ip("10.9.9.9"),
                             .rpTree = true,
                             .preference = 110,
                             .metric = 20});
    ExpectWellFormed();
    EXPECT_EQ(m_capture.Fields({"ip.dst",
                                "pim.register_flag.null_register",
                                "pim.register_flag.border",
                                "pim.cksum.status"},
                               "pim.type == 1"),
              "10.0.0.1,239.0.3.96\t0\t0\t1\n"
              "10.0.0.1,239.0.3.96\t1\t0\t1\n");
    EXPECT_EQ(m_capture.Fields({"ip.dst", "pim.group", "pim.source", "pim.cksum.status"},
                               "pim.type == 2"),
              "10.1.1.9\t239.0.3.96,239.0.3.96\t10.9.9.9\t1\n");
    EXPECT_EQ(m_capture.Fields({"pim.group",
                                "pim.source",
                                "pim.rpt",
                                "pim.metric_pref",
                                "pim.metric",
                                "pim.cksum.status"},
                               "pim.type == 5"),
              "239.0.3.96,239.0.3.96\t10.9.9.9\t1\t110\t20\t1\n");
}

TEST_F(ControlWire, PimDenseAndBidirectional)
{
    multicast::PimGroupRecord group;
    group.group = Ip("239.0.3.96");
    group.joins = {{.address = Ip("10.9.9.9")}};
    Pim(multicast::PimJoinPrune{.type = multicast::PimType::Graft,
                                .upstream = Ip("10.1.1.254"),
                                .groups = {group}},
        "10.1.1.254");
    Pim(multicast::PimJoinPrune{.type = multicast::PimType::GraftAck,
                                .upstream = Ip("10.1.1.254"),
                                .groups = {group}},
        "10.1.1.9");
    multicast::PimStateRefresh refresh;
    refresh.group = Ip("239.0.3.96");
    refresh.source = Ip("10.9.9.9");
    refresh.originator = Ip("10.2.2.2");
    refresh.preference = 110;
    refresh.metric = 20;
    refresh.maskLength = 24;
    refresh.ttl = 16;
    refresh.interval = 60;
    Pim(refresh);
    for (const auto kind : {multicast::DfKind::Offer,
                            multicast::DfKind::Winner,
                            multicast::DfKind::Backoff,
                            multicast::DfKind::Pass})
    {
        multicast::PimDfElection election;
        election.kind = kind;
        election.rp = Ip("10.0.0.1");
        election.sender = {110, 30};
        election.other = Ip("10.1.1.3");
        election.otherMetric = {110, 20};
        election.interval = 1000;
        Pim(election);
    }
    ExpectWellFormed();
    EXPECT_EQ(
        m_capture.Fields(
            {"pim.type", "pim.upstream_neighbor", "pim.group", "pim.join_ip", "pim.cksum.status"},
            "pim.type == 6 || pim.type == 7"),
        "6\t10.1.1.254\t239.0.3.96,239.0.3.96\t10.9.9.9\t1\n"
        "7\t10.1.1.254\t239.0.3.96,239.0.3.96\t10.9.9.9\t1\n");
    EXPECT_EQ(m_capture.Fields({"pim.group",
                                "pim.source",
                                "pim.originator",
                                "pim.metric_pref",
                                "pim.metric",
                                "pim.mask_len",
                                "pim.ttl",
                                "pim.interval",
                                "pim.cksum.status"},
                               "pim.type == 9"),
              "239.0.3.96,239.0.3.96\t10.9.9.9\t10.2.2.2\t110\t20\t32,24\t16\t60\t1\n");
    EXPECT_EQ(
        m_capture.Fields(
            {"pim.df_elect.subtype", "pim.rp", "pim.metric_pref", "pim.metric", "pim.cksum.status"},
            "pim.type == 10"),
        "1\t10.0.0.1\t110\t30\t1\n"
        "2\t10.0.0.1\t110\t30\t1\n"
        "3\t10.0.0.1\t110\t30\t1\n"
        "4\t10.0.0.1\t110\t30\t1\n");
}

} // namespace
} // namespace weft::testing
