// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Packets with a number in them, and a log of where they went.
 */
#ifndef WEFT_TESTS_UNDERLAY_FIXTURE_H
#define WEFT_TESTS_UNDERLAY_FIXTURE_H

#include "ns3/data-rate.h"
#include "ns3/ipv4-header.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/underlay-cloud-helper.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weft::tests
{

using ns3::Ptr;
using ns3::underlay::AccessDevice;
using ns3::underlay::CloudHelper;
using ns3::underlay::DropReason;
using ns3::underlay::ProviderCloud;

/// @return an IPv4/UDP-sized packet of @p size bytes in all, which carries @p id behind its
/// first 28.
inline Ptr<ns3::Packet>
Numbered(uint32_t id, uint32_t size, ns3::Ipv4Address from, ns3::Ipv4Address to, uint16_t port = 0)
{
    std::vector<uint8_t> payload(size - 20);
    payload[0] = static_cast<uint8_t>(port >> 8);
    payload[1] = static_cast<uint8_t>(port);
    for (int i = 0; i < 4; ++i)
    {
        payload[8 + i] = static_cast<uint8_t>(id >> (24 - 8 * i));
    }
    auto packet = ns3::Create<ns3::Packet>(payload.data(), size - 20);
    ns3::Ipv4Header header;
    header.SetSource(from);
    header.SetDestination(to);
    header.SetProtocol(17);
    header.SetTtl(64);
    header.SetPayloadSize(static_cast<uint16_t>(size - 20));
    packet->AddHeader(header);
    return packet;
}

/// @return the number in a packet whose IPv4 header is still on.
inline uint32_t
NumberOf(Ptr<const ns3::Packet> packet)
{
    uint8_t bytes[32] = {};
    packet->CopyData(bytes, sizeof(bytes));
    return (uint32_t{bytes[28]} << 24) | (uint32_t{bytes[29]} << 16) | (uint32_t{bytes[30]} << 8) |
           bytes[31];
}

/// One delivered packet.
struct Arrival
{
    uint32_t id;
    int64_t at; ///< ns

    friend bool operator==(const Arrival&, const Arrival&) = default;
};

/// Keeps what a device delivers and drops.
class Log
{
  public:
    void
    Watch(Ptr<AccessDevice> device)
    {
        device->SetDatagramHandler(ns3::MakeCallback(&Log::OnDatagram, this));
        device->TraceConnectWithoutContext("Drop", ns3::MakeCallback(&Log::OnDrop, this));
    }

    bool
    OnDatagram(Ptr<ns3::Packet> packet)
    {
        arrivals.push_back({NumberOf(packet), ns3::Simulator::Now().GetNanoSeconds()});
        return true;
    }

    void
    OnDrop(Ptr<const ns3::Packet> packet, DropReason reason)
    {
        drops[reason].push_back(NumberOf(packet));
    }

    std::vector<Arrival> arrivals;
    std::map<DropReason, std::vector<uint32_t>> drops;
};

/// Sends @p packet over @p device at @p at, in the context of the device's node.
inline void
SendAt(ns3::Time at, Ptr<AccessDevice> device, Ptr<ns3::Packet> packet)
{
    ns3::Simulator::ScheduleWithContext(device->GetNode()->GetId(), at, [device, packet]() {
        device->Send(packet, ns3::Address(), 0x0800);
    });
}

/// A test that leaves no simulation behind.
class UnderlayTest : public testing::Test
{
  protected:
    ~UnderlayTest() override
    {
        ns3::Simulator::Destroy();
    }

    Ptr<AccessDevice>
    Install(CloudHelper& cloud, const std::string& link, const char* address)
    {
        return cloud.Install(ns3::CreateObject<ns3::Node>(), link, ns3::Ipv4Address(address));
    }
};

} // namespace weft::tests

#endif
