// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Reads a frame of the underlay into the columns of frames.csv: outer headers, envelope, inner
 * frame. For people and expectations; forwarding never comes here.
 */
#ifndef WEFT_ENGINE_RUN_FRAME_DECODE_H
#define WEFT_ENGINE_RUN_FRAME_DECODE_H

#include "engine/record/overlay-records.h"

#include "ns3/netbase-types.h"

namespace weft::engine
{

/// What the bytes of an envelope do not tell.
struct EnvelopeHints
{
    bool nvgre = false; ///< a keyed GRE header is NVGRE's, not plain GRE's
    /// UDP or TCP port of envelopes, beside the encapsulations' own; 0: none. The scenario's
    /// encapsulation says what it is: VXLAN unless one of these.
    std::uint16_t port = 0;
    bool geneve = false;
    bool stt = false;
};

/**
 * Fills in the columns. What cannot be read leaves its columns empty and says so in the summary.
 *
 * @param frame complete Ethernet frame without FCS
 * @param hints what its bytes do not tell
 * @param[out] record its columns are replaced; time, link, direction and size are the caller's
 */
void DecodeFrame(netbase::ByteView frame, const EnvelopeHints& hints, FrameRecord& record);

} // namespace weft::engine

#endif
