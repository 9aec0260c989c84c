// SPDX-License-Identifier: GPL-2.0-only
/** @file The two ends of a TCP bulk transfer. */
#ifndef WEFT_ENGINE_TRAFFIC_TCP_TRAFFIC_H
#define WEFT_ENGINE_TRAFFIC_TCP_TRAFFIC_H

#include "engine/record/flow-observer.h"

#include "ns3/application.h"
#include "ns3/ipv4-address.h"
#include "ns3/ptr.h"
#include "ns3/socket.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weft::engine
{

/**
 * Sends over one TCP connection as fast as it goes. The stream is a row of blocks of equal size,
 * each opening with a Stamp; a block counts as sent when the socket takes its first byte, so its
 * delay includes the wait in the send buffer.
 */
class TcpBulkSender : public ns3::Application
{
  public:
    static constexpr std::uint32_t BLOCK_BYTES = 1024;

    static ns3::TypeId GetTypeId();
    TcpBulkSender();
    ~TcpBulkSender() override;

    /**
     * Call before the start.
     *
     * @param flow the flow; data travels forward
     * @param segmentBytes largest TCP payload of a packet, from the MTU of the path less tunnel, IP
     * and TCP headers
     * @param bytes amount to send, rounded up to whole blocks; without it until the stop
     * @param observer told of every block; outlives the application
     */
    void Configure(FlowIndex flow,
                   ns3::Ipv4Address localAddress,
                   std::uint16_t localPort,
                   ns3::Ipv4Address peerAddress,
                   std::uint16_t peerPort,
                   std::uint32_t segmentBytes,
                   std::optional<std::uint64_t> bytes,
                   FlowObserver& observer);

    std::uint64_t SentBlocks() const;
    bool Connected() const;
    /// @return whether the connection could not be made or was lost
    bool Failed() const;

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void OnConnected(ns3::Ptr<ns3::Socket> socket);
    void OnFailed(ns3::Ptr<ns3::Socket> socket);
    void OnRoom(ns3::Ptr<ns3::Socket> socket, std::uint32_t room);
    void Fill();

    FlowIndex m_flow = 0;
    ns3::Ipv4Address m_localAddress;
    std::uint16_t m_localPort = 0;
    ns3::Ipv4Address m_peerAddress;
    std::uint16_t m_peerPort = 0;
    std::uint32_t m_segmentBytes = 0;
    std::optional<std::uint64_t> m_blocks; ///< to send
    FlowObserver* m_observer = nullptr;
    ns3::Ptr<ns3::Socket> m_socket;
    std::vector<std::uint8_t> m_block;
    std::uint32_t m_blockOffset = 0; ///< bytes of m_block the socket has taken
    std::uint64_t m_sequence = 0;
    bool m_connected = false;
    bool m_failed = false;
    bool m_stopped = false;
    bool m_socketClosed = false; ///< all is handed to the socket
};

/// Accepts the sender's connection and reports each block when its last byte is there.
class TcpBulkReceiver : public ns3::Application
{
  public:
    static ns3::TypeId GetTypeId();
    TcpBulkReceiver();
    ~TcpBulkReceiver() override;

    /// Call before the start. @p segmentBytes as for the sender; @p observer outlives the
    /// application.
    void Configure(FlowIndex flow,
                   ns3::Ipv4Address localAddress,
                   std::uint16_t localPort,
                   std::uint32_t segmentBytes,
                   FlowObserver& observer);

    std::uint64_t ReceivedBlocks() const;
    std::uint64_t ReceivedBytes() const;
    /// @return blocks that did not open with a stamp of this flow
    std::uint64_t Foreign() const;

  protected:
    void DoDispose() override;

  private:
    void StartApplication() override;
    void StopApplication() override;
    void OnAccepted(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    void Receive(ns3::Ptr<ns3::Socket> socket);
    void EndBlock();

    FlowIndex m_flow = 0;
    ns3::Ipv4Address m_localAddress;
    std::uint16_t m_localPort = 0;
    std::uint32_t m_segmentBytes = 0;
    FlowObserver* m_observer = nullptr;
    ns3::Ptr<ns3::Socket> m_listener;
    std::vector<ns3::Ptr<ns3::Socket>> m_accepted;
    std::vector<std::uint8_t> m_block; ///< the block being received
    std::vector<std::uint8_t> m_chunk; ///< what the socket just handed over
    std::uint64_t m_receivedBlocks = 0;
    std::uint64_t m_receivedBytes = 0;
    std::uint64_t m_foreign = 0;
};

} // namespace weft::engine

#endif
