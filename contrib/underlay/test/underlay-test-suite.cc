// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay-tests
 * The underlay's own suite, for the test runner of an ns-3 tree. The closed forms and the twin of
 * stock nodes are tested at length outside of it.
 */
#include "ns3/ipv4-header.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/uinteger.h"
#include "ns3/underlay-access-device.h"
#include "ns3/underlay-cloud-helper.h"
#include "ns3/underlay-gilbert-elliott.h"
#include "ns3/underlay-provider-cloud.h"

#include <chrono>
#include <cmath>
#include <map>
#include <vector>

/**
 * @ingroup tests
 * @defgroup underlay-tests Tests of the underlay module
 */
namespace tests
{

using namespace ns3;
using namespace std::chrono_literals;
using underlay::AccessDevice;
using underlay::CloudHelper;
using underlay::DropReason;
using underlay::ProviderCloud;

/**
 * @ingroup underlay-tests
 * Base of the cases: two members of a cloud, a packet every millisecond, and what became of them.
 */
class UnderlayTestCase : public TestCase
{
  public:
    /// @param name of the case
    explicit UnderlayTestCase(const std::string& name) : TestCase(name)
    {
    }

  protected:
    /**
     * @param cloud to install members "a" and "b" in, and to connect them
     * @param weather between them
     */
    void
    Build(CloudHelper& cloud, const weft::underlay::WeatherConfig& weather)
    {
        m_a = cloud.Install(CreateObject<Node>(), "a", Ipv4Address("203.0.113.1"));
        m_b = cloud.Install(CreateObject<Node>(), "b", Ipv4Address("203.0.113.2"));
        cloud.Connect("a", "b", weather);
        m_b->SetDatagramHandler(MakeCallback(&UnderlayTestCase::OnDatagram, this));
        for (const auto& device : {m_a, m_b})
        {
            device->TraceConnectWithoutContext("Drop",
                                               MakeCallback(&UnderlayTestCase::OnDrop, this));
        }
    }

    /**
     * @param count packets to send from a to b
     * @param gap between two
     * @param size of each
     */
    void
    SendMany(uint32_t count, Time gap, uint32_t size)
    {
        for (uint32_t i = 0; i < count; ++i)
        {
            Simulator::ScheduleWithContext(
                m_a->GetNode()->GetId(), Seconds(1) + i * gap, [this, size]() {
                    Ptr<Packet> packet = Create<Packet>(size - 20);
                    Ipv4Header header;
                    header.SetSource(m_a->GetCloudAddress());
                    header.SetDestination(m_b->GetCloudAddress());
                    header.SetProtocol(17);
                    header.SetPayloadSize(static_cast<uint16_t>(size - 20));
                    packet->AddHeader(header);
                    m_a->Send(packet, Address(), 0x0800);
                });
        }
    }

    void
    DoTeardown() override
    {
        m_a = nullptr;
        m_b = nullptr;
        Simulator::Destroy();
    }

    Ptr<AccessDevice> m_a;                    ///< sender
    Ptr<AccessDevice> m_b;                    ///< receiver
    std::vector<Time> m_arrivals;             ///< when packets came
    std::map<DropReason, uint32_t> m_dropped; ///< what was traced

  private:
    /// @param packet arrived @return true
    bool
    OnDatagram(Ptr<Packet> packet)
    {
        (void)packet;
        m_arrivals.push_back(Simulator::Now());
        return true;
    }

    /// @param packet dropped @param reason why
    void
    OnDrop(Ptr<const Packet> packet, DropReason reason)
    {
        (void)packet;
        ++m_dropped[reason];
    }
};

/**
 * @ingroup underlay-tests
 * Delay on an idle path: uplink, weather, downlink.
 */
class UnderlayDelayTestCase : public UnderlayTestCase
{
  public:
    UnderlayDelayTestCase() : UnderlayTestCase("delay is uplink plus weather plus downlink")
    {
    }

  private:
    void
    DoRun() override
    {
        CloudHelper cloud("internet", ProviderCloud::Internet, 1);
        cloud.SetDeviceAttribute("UplinkRate", StringValue("8Mbps"));
        cloud.SetDeviceAttribute("DownlinkRate", StringValue("80Mbps"));
        Build(cloud, {.delay = 6ms});
        SendMany(10, MilliSeconds(10), 1000);
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(m_arrivals.size(), 10, "all arrive");
        for (uint32_t i = 0; i < 10; ++i)
        {
            NS_TEST_EXPECT_MSG_EQ(m_arrivals[i],
                                  Seconds(1) + i * MilliSeconds(10) + MicroSeconds(7100),
                                  "delay of packet " << i);
        }
    }
};

/**
 * @ingroup underlay-tests
 * Loss of the cloud equals what the weather says, and the books balance.
 */
class UnderlayLossTestCase : public UnderlayTestCase
{
  public:
    /// @param queue kind of access queue
    explicit UnderlayLossTestCase(const std::string& queue)
        : UnderlayTestCase("loss is the weather's, with " + queue), m_queue(queue)
    {
    }

  private:
    void
    DoRun() override
    {
        const weft::underlay::WeatherConfig weather{
            .delay = 6ms, .jitter = 1ms, .loss = 0.1, .badPeriod = 30ms};
        CloudHelper cloud("internet", ProviderCloud::Internet, 1);
        cloud.SetDeviceAttribute("QueueKind", StringValue(m_queue));
        cloud.SetDeviceAttribute("UplinkRate", StringValue("8Mbps"));
        Build(cloud, weather);
        const uint32_t count = 2000;
        SendMany(count, MilliSeconds(2), 1000);
        Simulator::Run();
        weft::underlay::PathWeather twin(1, "a>b", weft::underlay::Direction::Forward, weather);
        uint32_t lost = 0;
        for (uint32_t i = 0; i < count; ++i)
        {
            lost += twin.At(1s + i * 2ms + 1ms).lost; // a millisecond on the uplink
        }
        NS_TEST_EXPECT_MSG_GT(lost, 50, "the weather was put to the test");
        NS_TEST_EXPECT_MSG_EQ(m_dropped[DropReason::Loss], lost, "losses traced");
        NS_TEST_EXPECT_MSG_EQ(m_arrivals.size() + lost, count, "the rest arrives");
        NS_TEST_EXPECT_MSG_EQ(cloud.GetCloud()->GetUnderWay(), 0, "nothing left under way");
        for (std::size_t i = 1; i < m_arrivals.size(); ++i)
        {
            NS_TEST_EXPECT_MSG_GT(m_arrivals[i], m_arrivals[i - 1], "in order");
        }
    }

    std::string m_queue; ///< kind of access queue
};

/**
 * @ingroup underlay-tests
 * A byte-limited queue refuses what does not fit, and says so.
 */
class UnderlayQueueTestCase : public UnderlayTestCase
{
  public:
    UnderlayQueueTestCase() : UnderlayTestCase("byte-limited FIFO")
    {
    }

  private:
    void
    DoRun() override
    {
        CloudHelper cloud("vpn", ProviderCloud::L3vpn, 1);
        cloud.SetDeviceAttribute("UplinkRate", StringValue("8Mbps"));
        cloud.SetDeviceAttribute("QueueLimit", UintegerValue(3000));
        Build(cloud, {.delay = 1ms});
        SendMany(10, Time(), 1000);
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(m_arrivals.size(), 4, "one on the line, three waiting");
        NS_TEST_EXPECT_MSG_EQ(m_dropped[DropReason::QueueFullUp], 6, "the rest refused");
        const auto drops = cloud.GetCloud()->GetDrops();
        NS_TEST_ASSERT_MSG_EQ(drops.size(), 1, "one line in the table of drops");
        NS_TEST_EXPECT_MSG_EQ(drops[0].place, "link a up", "its place");
        NS_TEST_EXPECT_MSG_EQ(drops[0].count.packets, 6, "its packets");
        NS_TEST_EXPECT_MSG_EQ(drops[0].count.bytes, 6000, "its bytes");
    }
};

/**
 * @ingroup underlay-tests
 * One channel of L = 1 %, B = 60 ms as packets 20 ms apart see it.
 */
class UnderlayGilbertElliottTestCase : public TestCase
{
  public:
    UnderlayGilbertElliottTestCase() : TestCase("two-state loss at 20 ms spacing")
    {
    }

  private:
    void
    DoRun() override
    {
        using namespace weft::underlay;
        GilbertElliott channel(RandomStream(1, "path", Direction::Forward, "loss"), 0.01, 60ms);
        double from[2] = {0, 0};
        double changed[2] = {0, 0};
        bool last = false;
        for (int i = 0; i < 1000000; ++i)
        {
            const bool lost = channel.IsLost(i * 20ms);
            ++from[last];
            changed[last] += lost != last;
            last = lost;
        }
        // Five standard deviations either side.
        NS_TEST_EXPECT_MSG_EQ_TOL(
            changed[0] / from[0], 0.002859, 5 * std::sqrt(0.002859 / from[0]), "good to bad");
        NS_TEST_EXPECT_MSG_EQ_TOL(changed[1] / from[1],
                                  0.283018,
                                  5 * std::sqrt(0.283018 * 0.716982 / from[1]),
                                  "bad to good");
    }
};

/**
 * @ingroup underlay-tests
 * The suite.
 */
class UnderlayTestSuite : public TestSuite
{
  public:
    UnderlayTestSuite() : TestSuite("underlay", Type::UNIT)
    {
        AddTestCase(new UnderlayDelayTestCase());
        AddTestCase(new UnderlayLossTestCase("Fifo"));
        AddTestCase(new UnderlayLossTestCase("FqCoDel"));
        AddTestCase(new UnderlayQueueTestCase());
        AddTestCase(new UnderlayGilbertElliottTestCase());
    }
};

static UnderlayTestSuite g_underlayTestSuite; ///< registers itself

} // namespace tests
