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

/**
 * Fills in the columns. What cannot be read leaves its columns empty and says so in the summary.
 *
 * @param frame complete Ethernet frame without FCS
 * @param nvgre what a keyed GRE header is: NVGRE, or plain GRE. Its bytes do not tell
 * @param[out] record its columns are replaced; time, link, direction and size are the caller's
 */
void DecodeFrame(netbase::ByteView frame, bool nvgre, FrameRecord& record);

} // namespace weft::engine

#endif
