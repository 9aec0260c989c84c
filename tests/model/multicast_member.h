// SPDX-License-Identifier: GPL-2.0-only
/** @file A host of a fabric that joins groups by IGMP and counts what it receives. */
#ifndef WEFT_TESTS_MULTICAST_MEMBER_H
#define WEFT_TESTS_MULTICAST_MEMBER_H

#include "model/fabric_fixture.h"

#include "ns3/netbase-endpoint.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

namespace weft::tests
{

using netbase::TimeNs;

/// A host with an IP endpoint of its own, which joins groups by IGMP.
class Member
{
  public:
    Member(FabricHelper& fabric, const std::string& router, unsigned igmpVersion = 3)
        : place(fabric.AttachHost(router, ns3::CreateObject<ns3::Node>(), {}))
    {
        netbase::EndpointConfig config;
        config.mac = place.mac;
        config.address = place.address;
        config.prefixLength = place.prefixLength;
        config.gateway = place.gateway;
        config.igmpVersion = static_cast<std::uint8_t>(igmpVersion);
        config.key = place.mac.ToInteger();
        m_endpoint = std::make_unique<netbase::IpEndpoint>(config, TimeNs(0));
        place.device->SetFrameHandler(ns3::MakeCallback(&Member::OnFrame, this));
    }

    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    void
    JoinAt(ns3::Time at, const IpAddress& group)
    {
        Act(at, [this, group] { m_endpoint->JoinGroup(group, Now()); });
    }

    void
    LeaveAt(ns3::Time at, const IpAddress& group)
    {
        Act(at, [this, group] { m_endpoint->LeaveGroup(group, Now()); });
    }

    void
    SendAt(ns3::Time at, const IpAddress& group, std::uint32_t id)
    {
        Act(at, [this, group, id] {
            Sent sent;
            sent.from = place.address;
            sent.to = group;
            sent.id = id;
            EXPECT_EQ(m_endpoint->SendPacket(Packet(sent), Now()), netbase::DropReason::None);
        });
    }

    unsigned
    Received(std::uint32_t id) const
    {
        const auto it = m_received.find(id);
        return it == m_received.end() ? 0 : it->second;
    }

    FabricAttachment place;

  private:
    static TimeNs
    Now()
    {
        return TimeNs(Simulator::Now().GetNanoSeconds());
    }

    template <typename F>
    void
    Act(ns3::Time at, F&& what)
    {
        Simulator::ScheduleWithContext(place.device->GetNode()->GetId(), at, [this, what] {
            what();
            Pump();
        });
    }

    bool
    OnFrame(Ptr<ns3::Packet> frame)
    {
        m_endpoint->OnFrame(ToBytes(frame), Now());
        Pump();
        return true;
    }

    void
    Pump()
    {
        Bytes bytes;
        while (m_endpoint->PollFrame(bytes))
        {
            place.device->SendFrame(ToPacket(bytes));
        }
        while (m_endpoint->PollPacket(bytes))
        {
            netbase::IpFacts facts;
            EXPECT_EQ(netbase::ReadIp(bytes, facts), netbase::DropReason::None);
            if (facts.protocol == netbase::protocol::UDP)
            {
                ++m_received[netbase::Read32(facts.Payload(bytes).data() + 8)];
            }
        }
        const TimeNs next = m_endpoint->NextDeadline();
        if (next != netbase::NEVER && (m_scheduled <= Now() || next < m_scheduled))
        {
            m_scheduled = std::max(next, Now() + TimeNs(1));
            Simulator::Schedule(ns3::NanoSeconds((m_scheduled - Now()).count()), [this] {
                if (m_endpoint->NextDeadline() <= Now())
                {
                    m_endpoint->OnDeadline(Now());
                }
                Pump();
            });
        }
    }

    std::unique_ptr<netbase::IpEndpoint> m_endpoint;
    std::map<std::uint32_t, unsigned> m_received;
    TimeNs m_scheduled{-1};
};

} // namespace weft::tests

#endif
