// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-move.h"

#include "vxlan-hypervisor-node.h"
#include "vxlan-vm-device.h"

#include "ns3/event-id.h"
#include "ns3/simple-ref-count.h"
#include "ns3/simulator.h"

#include <stdexcept>

namespace ns3
{
namespace vxlan
{

namespace
{

/// Waits between QEMU's announcements: 50 ms, then 100 ms more each, at most 550 ms.
constexpr int64_t QEMU_WAITS_MS[] = {50, 150, 250, 350};

} // namespace

const char*
ToString(MoveStep step)
{
    switch (step)
    {
    case MoveStep::Paused:
        return "paused";
    case MoveStep::PortUp:
        return "port-up";
    case MoveStep::PortLeft:
        return "port-left";
    case MoveStep::Resumed:
        return "resumed";
    case MoveStep::Announced:
        return "announced";
    }
    return "?";
}

/// A move under way. Lives as long as an event of it is pending.
class Mover : public SimpleRefCount<Mover>
{
  public:
    /// @param vm that moves @param to where @param options how
    Mover(Ptr<VmDevice> vm, Ptr<Hypervisor> to, const MoveOptions& options)
        : m_vm(vm), m_from(vm->GetHypervisor()), m_to(to), m_oldPort(vm->GetPort()),
          m_config(m_from->GetPort(m_oldPort).config), m_options(options), m_number(++vm->m_moves)
    {
    }

    /// @param to tried whether it takes a port as that of @p from @param port number there
    static void
    Check(Hypervisor& to, Hypervisor& from, uint32_t port)
    {
        const uint32_t there = to.MakePort(from.GetPort(port).config);
        to.DropPort(there);
    }

    /// The machine stops.
    void
    Start()
    {
        m_vm->SetPaused(true);
        Tell(MoveStep::Paused);
        if (m_options.order == MoveOrder::OldFirst)
        {
            LeaveOld();
        }
        else
        {
            MakeNew();
        }
        Later(m_options.stun, &Mover::Resume);
    }

  private:
    /// @param wait after which @param step is taken
    void
    Later(Time wait, void (Mover::*step)())
    {
        const uint32_t context = m_vm->m_node ? m_vm->GetContext() : m_to->GetContext();
        Simulator::ScheduleWithContext(context, wait, step, Ptr<Mover>(this));
    }

    /// The machine runs again.
    void
    Resume()
    {
        if (!m_to->m_core)
        {
            return; // disposed of
        }
        if (m_options.order == MoveOrder::OldFirst)
        {
            MakeNew();
        }
        else
        {
            LeaveOld();
        }
        m_vm->Attach(PeekPointer(m_to), m_newPort);
        m_vm->SetPaused(false);
        Tell(MoveStep::Resumed);
        if (!m_vm->IsRunning())
        {
            // Switched off meanwhile.
            m_to->m_core->SetPortUp(static_cast<weft::vxlan::PortId>(m_newPort), false, Now());
            return;
        }
        switch (m_options.announce)
        {
        case Announce::None:
            break;
        case Announce::Garp:
            m_vm->SendGarp();
            Tell(MoveStep::Announced);
            break;
        case Announce::Rarp:
            m_vm->SendRarp();
            Tell(MoveStep::Announced);
            break;
        case Announce::Qemu:
            Round();
            break;
        }
    }

    /// One of QEMU's announcements.
    void
    Round()
    {
        if (m_vm->m_moves != m_number || !m_vm->IsRunning())
        {
            return;
        }
        m_vm->SendRarp();
        Tell(MoveStep::Announced);
        if (m_round < std::size(QEMU_WAITS_MS))
        {
            Later(MilliSeconds(QEMU_WAITS_MS[m_round]), &Mover::Round);
            ++m_round;
        }
    }

    /// A port for the machine at the new place; nobody answers there yet.
    void
    MakeNew()
    {
        m_newPort = m_to->MakePort(m_config);
        m_to->m_ports[m_newPort].vm = m_vm;
        Tell(MoveStep::PortUp);
    }

    /// The machine is gone from the old place.
    void
    LeaveOld()
    {
        m_vm->Detach();
        if (!m_from->m_core)
        {
            return;
        }
        m_from->GetPort(m_oldPort).vm = nullptr;
        if (m_options.oldPortDown)
        {
            m_from->DropPort(m_oldPort);
        }
        Tell(MoveStep::PortLeft);
    }

    /// @param step that was taken
    void
    Tell(MoveStep step)
    {
        const MoveEvent event{step, m_vm, m_from, m_to};
        m_vm->m_moveTrace(event);
        m_from->m_moveTrace(event);
        m_to->m_moveTrace(event);
    }

    Ptr<VmDevice> m_vm;
    Ptr<Hypervisor> m_from;
    Ptr<Hypervisor> m_to;
    uint32_t m_oldPort;
    uint32_t m_newPort{0};
    weft::vxlan::PortConfig m_config; ///< of both ports
    MoveOptions m_options;
    uint32_t m_number;      ///< of the machine's moves
    std::size_t m_round{0}; ///< of QEMU's announcements
};

void
MoveVm(Ptr<VmDevice> vm, Ptr<Hypervisor> to, const MoveOptions& options)
{
    const auto refuse = [&vm](const std::string& what) {
        throw std::invalid_argument("move of machine " + vm->GetName() + ": " + what);
    };
    const Ptr<Hypervisor> from = vm->GetHypervisor();
    if (vm->IsMoving())
    {
        refuse("it is in the middle of a move");
    }
    if (!from)
    {
        refuse("it is attached nowhere");
    }
    if (from == to)
    {
        refuse("it is at " + to->GetName() + " already");
    }
    if (options.stun.IsStrictlyNegative())
    {
        refuse("a stun time of " + std::to_string(options.stun.GetSeconds()) + " s; not negative");
    }
    Mover::Check(*to, *from, vm->GetPort());
    Create<Mover>(vm, to, options)->Start();
}

} // namespace vxlan
} // namespace ns3
