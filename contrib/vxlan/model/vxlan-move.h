// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * Moving a running virtual machine from one hypervisor to another.
 */
#ifndef VXLAN_MOVE_H
#define VXLAN_MOVE_H

#include "ns3/nstime.h"
#include "ns3/ptr.h"

namespace ns3
{
namespace vxlan
{

class Hypervisor;
class VmDevice;

/// How the network is told where the machine is now.
enum class Announce
{
    None, ///< it is not: others learn from what the machine sends next
    Garp, ///< a gratuitous ARP request, broadcast, from the machine itself
    Rarp, ///< a RARP request, broadcast, on behalf of the machine (vSphere's "notify switches")
    Qemu, ///< five such, 0, 50, 200, 450 and 800 ms after it resumed (QEMU's announce-self)
};

/// Which of the two ports changes first.
enum class MoveOrder
{
    OldFirst, ///< the old port is left when the machine stops, the new one comes up when it resumes
    NewFirst, ///< the new port comes up when the machine stops, the old one is left when it resumes
};

struct MoveOptions
{
    Announce announce = Announce::Garp;
    Time stun{0};            ///< how long the machine does not run
    bool oldPortDown = true; ///< false: the old port stays up, with nobody behind it
    MoveOrder order = MoveOrder::OldFirst;
};

/// A step of a move.
enum class MoveStep
{
    Paused,    ///< the machine stopped running
    PortUp,    ///< its port at the new place came up
    PortLeft,  ///< it left its port at the old place, which goes down or stays up and silent
    Resumed,   ///< the machine runs at the new place
    Announced, ///< a frame that tells of the new place was sent
};

/// @return "paused", "port-up", "port-left", "resumed", "announced" @param step any
const char* ToString(MoveStep step);

/// What the Move trace of a VmDevice tells.
struct MoveEvent
{
    MoveStep step;        ///< what happened
    Ptr<VmDevice> vm;     ///< to whom
    Ptr<Hypervisor> from; ///< old place
    Ptr<Hypervisor> to;   ///< new place
};

/**
 * @ingroup vxlan
 *
 * Moves a machine, from the present on. Its memory comes with it: addresses, neighbour cache,
 * connections. No table of the network is touched but by what a port that goes down makes its own
 * switch forget; everything else is learned from frames, or ages.
 *
 * While the machine does not run, frames that reach its port are lost: VmPaused at a port that is
 * still or already its own, VacantPort at one that it left and that stays up. A port that goes down
 * is forgotten by its switch, which treats such frames like any for a station it does not know.
 *
 * @param vm attached to a hypervisor, and not in the middle of a move; std::invalid_argument says
 * otherwise
 * @param to another hypervisor, that has the networks of the machine's port
 * @param options how
 */
void MoveVm(Ptr<VmDevice> vm, Ptr<Hypervisor> to, const MoveOptions& options = MoveOptions());

} // namespace vxlan
} // namespace ns3

#endif
