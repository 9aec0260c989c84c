// SPDX-License-Identifier: GPL-2.0-only
// TCP of the hosts' own stacks through a tunnel, with the segment size that the tunnel leaves it.
#include "sdwan_fixture.h"

#include "ns3/bulk-send-helper.h"
#include "ns3/config.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/packet-sink-helper.h"
#include "ns3/packet-sink.h"

namespace
{

using namespace ns3;
using namespace std::chrono_literals;
using namespace weft::tests;

constexpr uint32_t TCP_OVERHEAD = 20 + 20 + 12; ///< IPv4, TCP, and the timestamp option padded
constexpr uint64_t BYTES = 2000000;

class SdwanTcp : public SdwanTest
{
  protected:
    void
    GiveStack(SdwanNet& net, std::size_t site)
    {
        Ptr<Node> host = net.sites[site]->host;
        InternetStackHelper stack;
        stack.SetIpv6StackInstall(false);
        stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
        stack.Install(host);
        Ptr<Ipv4> ipv4 = host->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(net.sites[site]->hostDevice);
        ipv4->AddAddress(interface,
                         Ipv4InterfaceAddress(SdwanNet::Host(site), Ipv4Mask("255.255.255.0")));
        ipv4->SetUp(interface);
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(Ipv4Address("0.0.0.0"),
                                                                          interface);
    }

    ~SdwanTcp() override
    {
        Config::Reset();
    }
};

TEST_F(SdwanTcp, FillsTheWanPacketsAndTheLine)
{
    for (const uint16_t mtu : {1500, 1400})
    {
        for (const double loss : {0.0, 0.002})
        {
            SCOPED_TRACE("MTU " + std::to_string(mtu) + ", loss " + std::to_string(loss));
            SdwanNet net(1);
            CloudHelper& cloud = net.AddCloud("internet");
            cloud.SetDeviceAttribute("UplinkRate", StringValue("10Mbps"));
            cloud.SetDeviceAttribute("DownlinkRate", StringValue("10Mbps"));
            net.AddLink(net.AddSite("a"), cloud, "only");
            cloud.SetDeviceAttribute("Mtu", UintegerValue(mtu));
            net.AddLink(net.AddSite("b"), cloud, "only");
            net.Connect(cloud, 0, "only", 1, "only", {.delay = 10ms, .loss = loss});
            net.helper.SetCipher(weft::sdwan::CipherSuite::Aes128Gcm);
            net.Install(false);
            const auto lanMtu = static_cast<uint32_t>(net.sites[1]->edge->GetDataplane().LanMtu());
            EXPECT_EQ(lanMtu, mtu - weft::sdwan::VCMP_OVERHEAD);
            EXPECT_EQ(net.sites[1]->hostDevice->GetMtu(), lanMtu) << "the host knows it";
            Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(lanMtu - TCP_OVERHEAD));
            Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(1 << 20));
            Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(1 << 20));
            GiveStack(net, 0);
            GiveStack(net, 1);

            uint32_t largest = 0;
            for (const auto& site : net.sites)
            {
                site->links[0]->TraceConnectWithoutContext(
                    "Transmit",
                    Callback<void, Ptr<const Packet>, Time>(
                        [&largest](Ptr<const Packet> packet, Time) {
                            largest = std::max(largest, packet->GetSize());
                        }));
            }
            PacketSinkHelper sink("ns3::TcpSocketFactory",
                                  InetSocketAddress(Ipv4Address::GetAny(), 80));
            auto sinks = sink.Install(net.sites[1]->host);
            BulkSendHelper source("ns3::TcpSocketFactory",
                                  InetSocketAddress(SdwanNet::Host(1), 80));
            source.SetAttribute("MaxBytes", UintegerValue(BYTES));
            source.SetAttribute("SendSize", UintegerValue(lanMtu - TCP_OVERHEAD));
            auto sources = source.Install(net.sites[0]->host);
            sources.Start(Seconds(1));
            Ptr<PacketSink> got = DynamicCast<PacketSink>(sinks.Get(0));
            double done = 0;
            for (int tenth = 10; tenth < 300 && done == 0; ++tenth)
            {
                net.Run(MilliSeconds(100 * tenth));
                done = got->GetTotalRx() == BYTES ? 0.1 * tenth - 1 : 0;
            }
            EXPECT_EQ(got->GetTotalRx(), BYTES);
            EXPECT_EQ(largest, mtu) << "full segments fill the WAN packet, and none exceeds it";
            EXPECT_EQ(net.sites[0]->drops.count(SdwanDrop::TooBig), 0u);
            EXPECT_EQ(net.sites[1]->drops.count(SdwanDrop::TooBig), 0u);
            EXPECT_TRUE(net.WanBalances());
            if (loss == 0)
            {
                // The line alone takes this long; slow start and the queue's one loss event cost
                // less than half as much again.
                const double line = 8.0 * BYTES * mtu / (lanMtu - TCP_OVERHEAD) / 10e6;
                EXPECT_GE(done, line);
                EXPECT_LT(done, 1.5 * line + 0.2);
            }
            Simulator::Destroy();
            Config::Reset();
        }
    }
}

} // namespace
