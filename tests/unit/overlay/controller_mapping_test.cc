// SPDX-License-Identifier: GPL-2.0-only
// VTEPs fed by a controller: no flooding of what it knows, no learning of their own; flood and
// learn while it is lost; its table again when it is back.
#include "controller_net.h"
#include "vxlan-vtep.h"

#include <gtest/gtest.h>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;

constexpr Vni VNI = 864;
constexpr std::size_t VTEPS = 3;

class ControlledVteps : public testing::Test
{
  protected:
    ControlledVteps() : m_net(VTEPS, {}, {}, 9)
    {
        for (std::size_t i = 0; i < VTEPS; ++i)
        {
            VtepConfig config;
            config.address = ControllerNet::AddressOf(i);
            NetworkConfig network;
            network.vni = VNI;
            for (std::size_t other = 0; other < VTEPS; ++other)
            {
                network.floodList.push_back(ControllerNet::AddressOf(other));
            }
            config.networks = {network};
            config.mapping = MappingKind::Controller;
            config.replication = ReplicationKind::HeadEnd;
            m_vteps.push_back(std::make_unique<Vtep>(config, 0s));
            m_vteps[i]->EnableTableLog(true);
            m_net.Agent(i).Join(VNI, 0s);
        }
        m_net.SetListener([this](std::size_t i, const ControllerCommand& command) {
            EXPECT_EQ(Apply(command, *m_vteps[i], m_net.Now()), DropReason::None);
        });
        m_net.RunUntil(1s);
    }

    /// A frame of a station at VTEP @p from; what leaves reaches the others at once.
    /// @return copies
    std::size_t
    Send(std::size_t from, const MacAddress& source, const MacAddress& destination)
    {
        const Bytes frame = UdpFrame({.destination = destination, .source = source});
        m_vteps[from]->OnLocalFrame(VNI, frame, m_net.Now());
        std::size_t copies = 0;
        Bytes packet;
        UnderlayMeta meta;
        for (; m_vteps[from]->PollUnderlay(packet, meta); ++copies)
        {
            const std::size_t to = meta.destination.ToV4() - ControllerNet::AddressOf(0).ToV4();
            EXPECT_EQ(m_vteps[to]->OnUnderlayPacket(packet, m_net.Now()), DropReason::None);
            Bytes local;
            LocalMeta facts;
            while (m_vteps[to]->PollLocal(local, facts))
            {
                EXPECT_EQ(local, frame);
            }
        }
        return copies;
    }

    /// Causes of what a VTEP's table went through since the last call.
    std::vector<TableCause>
    Causes(std::size_t i)
    {
        std::vector<TableCause> causes;
        for (TableChange change; m_vteps[i]->PollTableChange(change);)
        {
            if (change.table == Table::VtepFdb)
            {
                causes.push_back(change.cause);
            }
        }
        return causes;
    }

    void
    Learn(std::size_t i, const MacAddress& mac)
    {
        m_net.Agent(i).Learn(VNI, mac, {}, m_net.Now());
    }

    const MacAddress m_a = Mac("00:50:56:00:00:0a");
    const MacAddress m_b = Mac("00:50:56:00:00:0b");
    ControllerNet m_net;
    std::vector<std::unique_ptr<Vtep>> m_vteps;
};

TEST_F(ControlledVteps, PushesReplaceFloodingAndLearning)
{
    ASSERT_TRUE(m_vteps[0]->ControllerConnected());
    EXPECT_EQ(Send(0, m_a, m_b), 2u) << "unknown: flooded";
    EXPECT_EQ(m_vteps[1]->Find(VNI, m_a), nullptr) << "and not learned";
    Learn(0, m_a);
    Learn(1, m_b);
    m_net.RunUntil(2s);
    ASSERT_NE(m_vteps[1]->Find(VNI, m_a), nullptr);
    EXPECT_EQ(*m_vteps[1]->Find(VNI, m_a), ControllerNet::AddressOf(0));
    EXPECT_EQ(Causes(2), (std::vector<TableCause>(2, TableCause::Controller)));
    EXPECT_EQ(Send(0, m_a, m_b), 1u);
    EXPECT_EQ(Send(1, m_b, m_a), 1u);
}

TEST_F(ControlledVteps, AMoveIsPushed)
{
    Learn(0, m_a);
    m_net.RunUntil(2s);
    m_net.Agent(0).Lose(VNI, m_a, m_net.Now());
    Learn(1, m_a);
    m_net.RunUntil(3s);
    EXPECT_EQ(*m_vteps[2]->Find(VNI, m_a), ControllerNet::AddressOf(1));
    EXPECT_EQ(*m_vteps[0]->Find(VNI, m_a), ControllerNet::AddressOf(1));
    EXPECT_EQ(m_vteps[1]->Find(VNI, m_a), nullptr) << "it is local there";
}

TEST_F(ControlledVteps, FloodAndLearnWhileTheControllerIsLost)
{
    Learn(0, m_a);
    Learn(1, m_b);
    m_net.RunUntil(10s);
    m_net.SetServerUp(false);
    m_net.RunUntil(15s);
    for (const auto& vtep : m_vteps)
    {
        EXPECT_FALSE(vtep->ControllerConnected());
    }
    EXPECT_EQ(Send(0, m_a, m_b), 1u) << "what was known still is";
    // The station moves while nobody tells: its first frame does.
    EXPECT_EQ(Send(2, m_b, MacAddress::Broadcast()), 2u);
    EXPECT_EQ(*m_vteps[0]->Find(VNI, m_b), ControllerNet::AddressOf(2));
    EXPECT_EQ(Causes(0).back(), TableCause::Moved);
    m_net.Agent(1).Lose(VNI, m_b, m_net.Now());
    Learn(2, m_b);
    m_net.SetServerUp(true);
    m_net.RunUntil(20s);
    EXPECT_TRUE(m_vteps[0]->ControllerConnected());
    EXPECT_EQ(*m_vteps[0]->Find(VNI, m_b), ControllerNet::AddressOf(2));
    EXPECT_EQ(*m_vteps[1]->Find(VNI, m_b), ControllerNet::AddressOf(2));
    EXPECT_EQ(Causes(1).back(), TableCause::Controller);
    EXPECT_EQ(Send(2, m_b, m_a), 1u);
    m_net.RunUntil(21s);
    // Nothing is learned any more.
    EXPECT_EQ(Send(1, Mac("00:50:56:00:00:0c"), MacAddress::Broadcast()), 2u);
    EXPECT_EQ(m_vteps[0]->Find(VNI, Mac("00:50:56:00:00:0c")), nullptr);
}

} // namespace
} // namespace weft::vxlan::test
