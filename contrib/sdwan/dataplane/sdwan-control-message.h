// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Messages of the VCMP control sub-channel: the payload of a datagram whose CONTROL flag is set.
 *
 * A payload is one or more messages, each `type (1) | length (2) | value (length)`, big-endian,
 * nothing between or after them. doc/vcmp-control.md has the layout byte by byte. Decoding is
 * strict: an unknown type, a length that is not the type's own, a reserved bit, a number out of its
 * range or trailing bytes make the whole payload DropReason::BadControl.
 */
#ifndef SDWAN_CONTROL_MESSAGE_H
#define SDWAN_CONTROL_MESSAGE_H

#include "sdwan-path-statistics.h"
#include "sdwan-types.h"

#include <variant>

namespace weft::sdwan
{

/// "Answer me." Its send stamp and tunnel sequence are those of the datagram that carries it.
struct Probe
{
    std::uint32_t id = 0;

    friend bool operator==(const Probe&, const Probe&) = default;
};

/// The answer to a Probe.
struct ProbeReply
{
    std::uint32_t id = 0;
    std::uint32_t stamp = 0;  ///< 24-bit send stamp of the probe's datagram, in the prober's clock
    std::uint32_t holdUs = 0; ///< microseconds between the probe's arrival and this reply

    friend bool operator==(const ProbeReply&, const ProbeReply&) = default;
};

/// What the sender of the report has measured about the datagrams it received on this tunnel.
struct Report
{
    std::uint32_t highestSequence = 0; ///< highest tunnel sequence received, its low 32 bits
    std::uint32_t stamp = 0;           ///< 24-bit send stamp of the datagram received last
    std::uint32_t holdUs = 0;          ///< microseconds between its arrival and this report
    WindowStatistics instantaneous;
    WindowStatistics smoothed;

    friend bool operator==(const Report&, const Report&) = default;
};

/// "I now send this flow on the tunnel that carries this message."
struct FlowAffinity
{
    FlowId flow = 0;
    FlowKey key; ///< as seen by the sender of the message; includes the segment
    std::uint32_t fromSequence = 0; ///< first flow sequence sent there, 24 bits: what is older says nothing

    friend bool operator==(const FlowAffinity&, const FlowAffinity&) = default;
};

using ControlMessage = std::variant<Probe, ProbeReply, Report, FlowAffinity>;

/// Bytes one message takes on the wire, its 3-byte heading included.
std::size_t EncodedSize(const ControlMessage& message);

/// Appends one message to a control payload. Numbers beyond the range of their field are clamped to
/// it.
void Encode(const ControlMessage& message, Bytes& payload);

/// Reads a control payload message by message. The bytes must outlive the reader.
class ControlReader
{
  public:
    explicit ControlReader(ByteView payload) : m_rest(payload)
    {
    }

    bool
    AtEnd() const
    {
        return m_rest.empty();
    }

    /**
     * Reads the next message; call while !AtEnd().
     *
     * @param[out] message set only on success
     * @return None, or BadControl (after which the reader is at its end)
     */
    DropReason Next(ControlMessage& message);

  private:
    ByteView m_rest;
};

/// Checks a whole payload without using it: None, or BadControl (also for an empty one).
DropReason CheckControlPayload(ByteView payload);

} // namespace weft::sdwan

#endif
