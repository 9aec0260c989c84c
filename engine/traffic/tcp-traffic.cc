// SPDX-License-Identifier: GPL-2.0-only
#include "engine/traffic/tcp-traffic.h"

#include "engine/traffic/stamp.h"

#include "ns3/inet-socket-address.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace weft::engine
{

NS_OBJECT_ENSURE_REGISTERED(TcpBulkSender);
NS_OBJECT_ENSURE_REGISTERED(TcpBulkReceiver);

namespace
{

TimeNs
Now()
{
    return TimeNs(ns3::Simulator::Now().GetNanoSeconds());
}

ns3::Ptr<ns3::Socket>
MakeSocket(ns3::Ptr<ns3::Node> node,
           ns3::Ipv4Address address,
           std::uint16_t port,
           std::uint32_t segmentBytes)
{
    auto socket = ns3::Socket::CreateSocket(node, ns3::TcpSocketFactory::GetTypeId());
    socket->SetAttribute("SegmentSize", ns3::UintegerValue(segmentBytes));
    if (socket->Bind(ns3::InetSocketAddress(address, port)) != 0)
    {
        throw std::runtime_error(fmt::format("TCP port {} of the host is taken", port));
    }
    return socket;
}

/// Leaves a socket that may outlive its application without a way back to it.
void
Detach(ns3::Ptr<ns3::Socket> socket)
{
    using ns3::Ptr;
    using ns3::Socket;
    socket->SetConnectCallback(ns3::MakeNullCallback<void, Ptr<Socket>>(),
                               ns3::MakeNullCallback<void, Ptr<Socket>>());
    socket->SetCloseCallbacks(ns3::MakeNullCallback<void, Ptr<Socket>>(),
                              ns3::MakeNullCallback<void, Ptr<Socket>>());
    socket->SetSendCallback(ns3::MakeNullCallback<void, Ptr<Socket>, std::uint32_t>());
    socket->SetRecvCallback(ns3::MakeNullCallback<void, Ptr<Socket>>());
    socket->SetAcceptCallback(ns3::MakeNullCallback<bool, Ptr<Socket>, const ns3::Address&>(),
                              ns3::MakeNullCallback<void, Ptr<Socket>, const ns3::Address&>());
}

} // namespace

ns3::TypeId
TcpBulkSender::GetTypeId()
{
    static ns3::TypeId tid = ns3::TypeId("weft::engine::TcpBulkSender")
                                 .SetParent<ns3::Application>()
                                 .SetGroupName("Weft")
                                 .AddConstructor<TcpBulkSender>();
    return tid;
}

TcpBulkSender::TcpBulkSender() = default;
TcpBulkSender::~TcpBulkSender() = default;

void
TcpBulkSender::Configure(FlowIndex flow,
                         ns3::Ipv4Address localAddress,
                         std::uint16_t localPort,
                         ns3::Ipv4Address peerAddress,
                         std::uint16_t peerPort,
                         std::uint32_t segmentBytes,
                         std::optional<std::uint64_t> bytes,
                         FlowObserver& observer)
{
    if (segmentBytes == 0)
    {
        throw std::invalid_argument("TcpBulkSender::Configure: segmentBytes: has to be above 0");
    }
    m_flow = flow;
    m_localAddress = localAddress;
    m_localPort = localPort;
    m_peerAddress = peerAddress;
    m_peerPort = peerPort;
    m_segmentBytes = segmentBytes;
    if (bytes)
    {
        m_blocks = (*bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }
    m_observer = &observer;
    m_block.assign(BLOCK_BYTES, 0);
}

std::uint64_t
TcpBulkSender::SentBlocks() const
{
    return m_sequence;
}

bool
TcpBulkSender::Connected() const
{
    return m_connected;
}

bool
TcpBulkSender::Failed() const
{
    return m_failed;
}

void
TcpBulkSender::DoDispose()
{
    if (m_socket)
    {
        Detach(m_socket);
        m_socket = nullptr;
    }
    ns3::Application::DoDispose();
}

void
TcpBulkSender::StartApplication()
{
    if (!m_observer)
    {
        throw std::logic_error("TcpBulkSender: started before Configure");
    }
    m_socket = MakeSocket(GetNode(), m_localAddress, m_localPort, m_segmentBytes);
    m_socket->SetConnectCallback(ns3::MakeCallback(&TcpBulkSender::OnConnected, this),
                                 ns3::MakeCallback(&TcpBulkSender::OnFailed, this));
    m_socket->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                ns3::MakeCallback(&TcpBulkSender::OnFailed, this));
    m_socket->SetSendCallback(ns3::MakeCallback(&TcpBulkSender::OnRoom, this));
    m_socket->Connect(ns3::InetSocketAddress(m_peerAddress, m_peerPort));
}

void
TcpBulkSender::StopApplication()
{
    m_stopped = true;
    // A block begun is finished first, so that the stream ends on a block.
    Fill();
}

void
TcpBulkSender::OnConnected(ns3::Ptr<ns3::Socket>)
{
    m_connected = true;
    Fill();
}

void
TcpBulkSender::OnFailed(ns3::Ptr<ns3::Socket>)
{
    m_failed = true;
    m_connected = false;
}

void
TcpBulkSender::OnRoom(ns3::Ptr<ns3::Socket>, std::uint32_t)
{
    Fill();
}

void
TcpBulkSender::Fill()
{
    while (m_connected && !m_socketClosed)
    {
        if (m_blockOffset == 0)
        {
            if (m_stopped || (m_blocks && m_sequence >= *m_blocks))
            {
                m_socketClosed = true;
                m_socket->Close();
                return;
            }
            if (m_socket->GetTxAvailable() == 0)
            {
                return;
            }
            const Stamp stamp{m_flow, Direction::Forward, m_sequence, Now()};
            stamp.Write(m_block);
            m_observer->OnSent(m_flow, Direction::Forward, m_sequence, stamp.time, BLOCK_BYTES);
            ++m_sequence;
        }
        const std::uint32_t room =
            std::min(BLOCK_BYTES - m_blockOffset, m_socket->GetTxAvailable());
        if (room == 0)
        {
            return;
        }
        const int taken =
            m_socket->Send(ns3::Create<ns3::Packet>(m_block.data() + m_blockOffset, room), 0);
        if (taken <= 0)
        {
            return;
        }
        m_blockOffset = (m_blockOffset + static_cast<std::uint32_t>(taken)) % BLOCK_BYTES;
    }
}

ns3::TypeId
TcpBulkReceiver::GetTypeId()
{
    static ns3::TypeId tid = ns3::TypeId("weft::engine::TcpBulkReceiver")
                                 .SetParent<ns3::Application>()
                                 .SetGroupName("Weft")
                                 .AddConstructor<TcpBulkReceiver>();
    return tid;
}

TcpBulkReceiver::TcpBulkReceiver() = default;
TcpBulkReceiver::~TcpBulkReceiver() = default;

void
TcpBulkReceiver::Configure(FlowIndex flow,
                           ns3::Ipv4Address localAddress,
                           std::uint16_t localPort,
                           std::uint32_t segmentBytes,
                           FlowObserver& observer)
{
    if (segmentBytes == 0)
    {
        throw std::invalid_argument("TcpBulkReceiver::Configure: segmentBytes: has to be above 0");
    }
    m_flow = flow;
    m_localAddress = localAddress;
    m_localPort = localPort;
    m_segmentBytes = segmentBytes;
    m_observer = &observer;
    m_block.reserve(TcpBulkSender::BLOCK_BYTES);
}

std::uint64_t
TcpBulkReceiver::ReceivedBlocks() const
{
    return m_receivedBlocks;
}

std::uint64_t
TcpBulkReceiver::ReceivedBytes() const
{
    return m_receivedBytes;
}

std::uint64_t
TcpBulkReceiver::Foreign() const
{
    return m_foreign;
}

void
TcpBulkReceiver::DoDispose()
{
    for (const auto& socket : m_accepted)
    {
        Detach(socket);
    }
    m_accepted.clear();
    if (m_listener)
    {
        Detach(m_listener);
        m_listener = nullptr;
    }
    ns3::Application::DoDispose();
}

void
TcpBulkReceiver::StartApplication()
{
    if (!m_observer)
    {
        throw std::logic_error("TcpBulkReceiver: started before Configure");
    }
    m_listener = MakeSocket(GetNode(), m_localAddress, m_localPort, m_segmentBytes);
    m_listener->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
        ns3::MakeCallback(&TcpBulkReceiver::OnAccepted, this));
    m_listener->Listen();
}

void
TcpBulkReceiver::StopApplication()
{
    // What is under way is still received.
}

void
TcpBulkReceiver::OnAccepted(ns3::Ptr<ns3::Socket> socket, const ns3::Address&)
{
    // The sender makes one connection; a second one would interleave with its blocks.
    if (!m_accepted.empty())
    {
        ++m_foreign;
        socket->Close();
        return;
    }
    socket->SetRecvCallback(ns3::MakeCallback(&TcpBulkReceiver::Receive, this));
    m_accepted.push_back(socket);
}

void
TcpBulkReceiver::Receive(ns3::Ptr<ns3::Socket> socket)
{
    while (ns3::Ptr<ns3::Packet> packet = socket->Recv())
    {
        std::uint32_t size = packet->GetSize();
        if (size == 0)
        {
            return; // end of the stream
        }
        m_receivedBytes += size;
        m_chunk.resize(size);
        packet->CopyData(m_chunk.data(), size);
        for (std::size_t at = 0; at < m_chunk.size();)
        {
            const std::size_t take = std::min<std::size_t>(
                TcpBulkSender::BLOCK_BYTES - m_block.size(), m_chunk.size() - at);
            m_block.insert(m_block.end(), m_chunk.begin() + at, m_chunk.begin() + at + take);
            at += take;
            if (m_block.size() == TcpBulkSender::BLOCK_BYTES)
            {
                EndBlock();
            }
        }
    }
}

void
TcpBulkReceiver::EndBlock()
{
    const auto stamp = Stamp::Read(m_block);
    m_block.clear();
    if (!stamp || stamp->flow != m_flow || stamp->direction != Direction::Forward)
    {
        ++m_foreign;
        return;
    }
    ++m_receivedBlocks;
    m_observer->OnReceived(m_flow,
                           Direction::Forward,
                           stamp->sequence,
                           stamp->time,
                           Now(),
                           TcpBulkSender::BLOCK_BYTES);
}

} // namespace weft::engine
