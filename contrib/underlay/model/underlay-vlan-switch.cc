// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-vlan-switch.h"

#include "ns3/netbase-ethernet.h"
#include "underlay-deadline.h"
#include "underlay-frame-edit.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayVlanSwitch");
NS_OBJECT_ENSURE_REGISTERED(VlanSwitch);

namespace netbase = weft::netbase;
using netbase::MacAddress;
using netbase::TimeNs;
using weft::underlay::MacTable;
using weft::underlay::VlanPort;

namespace
{

/// Octets of both addresses.
constexpr uint32_t ADDRESSES = 12;
/// Octets of both addresses and a tag.
constexpr uint32_t TAGGED = ADDRESSES + netbase::VLAN_TAG;

/// @return the simulation's time
TimeNs
Now()
{
    return TimeNs(Simulator::Now().GetNanoSeconds());
}

} // namespace

/// Everything of a VlanSwitch but what attributes need.
class VlanSwitch::Impl
{
  public:
    /// A port.
    struct Port
    {
        Impl* bridge{nullptr};      ///< owner
        uint32_t number{0};         ///< index
        Ptr<EthernetDevice> device; ///< device
        std::string name;           ///< name
        VlanPort vlans;             ///< what it carries
        bool forwards{true};        ///< part of the tree
        bool up{false};             ///< as last told

        /// @param frame from the device @return true: always taken
        bool
        OnFrame(Ptr<Packet> frame)
        {
            bridge->Receive(*this, frame);
            return true;
        }

        /// The device's link came up or went down.
        void
        OnLinkChange()
        {
            up = device->IsLinkUp();
            if (!up)
            {
                bridge->Table().FlushPort(number, Now());
                bridge->ReportTable();
            }
        }
    };

    /// @param bridge owner
    explicit Impl(VlanSwitch& bridge) : owner(bridge), deadline(this)
    {
    }

    /// @return the table
    MacTable&
    Table()
    {
        if (!table)
        {
            table = std::make_unique<MacTable>(
                owner.m_tableLimit, std::chrono::nanoseconds(owner.m_ageing.GetNanoSeconds()));
        }
        table->SetReporting(!owner.m_tableTrace.IsEmpty());
        return *table;
    }

    /// @param in port @param frame from its device
    void Receive(Port& in, Ptr<Packet> frame);
    /// @param out port @param frame to send, of its own @param start its first bytes
    /// @param tci tag it carries @param vlan VLAN
    void Output(Port& out,
                Ptr<Packet> frame,
                const std::array<uint8_t, TAGGED + 2>& start,
                std::optional<uint16_t> tci,
                uint16_t vlan);
    /// Tells who listens what changed in the table, and when to look again.
    void ReportTable();

    /// Entries are due.
    void
    OnDeadline()
    {
        Table().OnDeadline(Now());
        ReportTable();
    }

    /// @param frame dropped @param reason why
    void
    Drop(Ptr<const Packet> frame, FrameDrop reason)
    {
        NS_LOG_LOGIC(name << " drops a frame of " << frame->GetSize() << " bytes: " << reason);
        drops.Add(reason, frame->GetSize());
        owner.m_dropTrace(frame, reason);
    }

    VlanSwitch& owner;                        ///< has attributes and traces
    std::string name;                         ///< of the switch
    uint32_t nodeId{0};                       ///< context of events
    bool up{true};                            ///< runs
    uint16_t priority{32768};                 ///< of the bridge id
    std::vector<std::unique_ptr<Port>> ports; ///< by number
    std::unique_ptr<MacTable> table;          ///< see Table()
    Deadline<Impl> deadline;                  ///< of the table
    std::vector<Port*> targets;               ///< of the frame being flooded
    Counts counts;                            ///< frames
    FrameDropCounts drops;                    ///< drops
};

TypeId
VlanSwitch::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::VlanSwitch")
            .SetParent<Object>()
            .SetGroupName("Underlay")
            .AddConstructor<VlanSwitch>()
            .AddAttribute("TableLimit",
                          "Most entries of the MAC table; set before the first frame.",
                          UintegerValue(16384),
                          MakeUintegerAccessor(&VlanSwitch::m_tableLimit),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("Ageing",
                          "Time without a frame from an address after which it is forgotten; 0: "
                          "never. Set before the first frame.",
                          TimeValue(Seconds(300)),
                          MakeTimeAccessor(&VlanSwitch::m_ageing),
                          MakeTimeChecker(Time(0)))
            .AddTraceSource("Drop",
                            "A frame is discarded inside the switch.",
                            MakeTraceSourceAccessor(&VlanSwitch::m_dropTrace),
                            "ns3::underlay::VlanSwitch::DropTracedCallback")
            .AddTraceSource("TableChange",
                            "An entry of the MAC table came, changed or went.",
                            MakeTraceSourceAccessor(&VlanSwitch::m_tableTrace),
                            "ns3::underlay::VlanSwitch::TableChangeTracedCallback");
    return tid;
}

VlanSwitch::VlanSwitch() : m_impl(std::make_unique<Impl>(*this))
{
}

VlanSwitch::~VlanSwitch() = default;

void
VlanSwitch::DoDispose()
{
    for (const auto& port : m_impl->ports)
    {
        port->device->SetFrameHandler(EthernetDevice::FrameHandler());
        port->device = nullptr;
    }
    Object::DoDispose();
}

void
VlanSwitch::Impl::Receive(Port& in, Ptr<Packet> frame)
{
    std::array<uint8_t, TAGGED + 2> start;
    const uint32_t copied = frame->CopyData(start.data(), start.size());
    counts.received.Add(frame->GetSize());
    const bool tagged =
        copied >= TAGGED + 2 && netbase::Read16(&start[ADDRESSES]) == netbase::ethertype::VLAN;
    if (copied < netbase::ETHERNET_HEADER)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    if (!in.forwards)
    {
        Drop(frame, FrameDrop::PortBlocked);
        return;
    }
    std::optional<uint16_t> tci;
    if (tagged)
    {
        tci = netbase::Read16(&start[ADDRESSES + 2]);
    }
    const auto vlan = in.vlans.Classify(tci ? std::optional(netbase::VlanOf(*tci)) : std::nullopt);
    if (!vlan)
    {
        Drop(frame, FrameDrop::VlanDenied);
        return;
    }
    const MacAddress source = MacAddress::Read({start.data() + 6, 6});
    if (source.IsGroup())
    {
        Drop(frame, FrameDrop::BadSource);
        return;
    }
    MacTable& macs = Table();
    macs.Learn(*vlan, source, in.number, Now());
    ReportTable();
    const MacAddress destination = MacAddress::Read(start);
    if (!destination.IsGroup())
    {
        if (const auto at = macs.LookUp(*vlan, destination, Now()))
        {
            Port& out = *ports[*at];
            if (&out == &in || !out.forwards || !out.vlans.Carries(*vlan) || !out.up)
            {
                Drop(frame, FrameDrop::NoOutput);
                return;
            }
            counts.forwarded.Add(frame->GetSize());
            Output(out, frame, start, tci, *vlan);
            return;
        }
    }
    targets.clear();
    for (const auto& out : ports)
    {
        if (out.get() != &in && out->forwards && out->up && out->vlans.Carries(*vlan))
        {
            targets.push_back(out.get());
        }
    }
    if (targets.empty())
    {
        Drop(frame, FrameDrop::NoOutput);
        return;
    }
    counts.flooded.Add(frame->GetSize());
    for (std::size_t i = 0; i < targets.size(); ++i)
    {
        counts.copies.Add(frame->GetSize());
        const bool last = i + 1 == targets.size();
        Output(*targets[i], last ? frame : frame->Copy(), start, tci, *vlan);
    }
}

void
VlanSwitch::Impl::Output(Port& out,
                         Ptr<Packet> frame,
                         const std::array<uint8_t, TAGGED + 2>& start,
                         std::optional<uint16_t> tci,
                         uint16_t vlan)
{
    if (out.vlans.Untags(vlan))
    {
        if (tci)
        {
            ReplaceStart(frame, TAGGED, {start.data(), ADDRESSES});
        }
    }
    else if (!tci || netbase::VlanOf(*tci) != vlan)
    {
        // Untagged or priority-tagged: the tag keeps the priority, if there is one.
        std::array<uint8_t, TAGGED> tagged;
        std::copy_n(start.begin(), ADDRESSES, tagged.begin());
        netbase::Write16(&tagged[ADDRESSES], netbase::ethertype::VLAN);
        netbase::Write16(&tagged[ADDRESSES + 2],
                         static_cast<uint16_t>((tci.value_or(0) & 0xf000) | vlan));
        ReplaceStart(frame, tci ? TAGGED : ADDRESSES, tagged);
    }
    out.device->SendFrame(frame);
}

void
VlanSwitch::Impl::ReportTable()
{
    if (owner.m_tableTrace.IsEmpty())
    {
        return;
    }
    netbase::TableChange change;
    while (Table().PollTableChange(change))
    {
        owner.m_tableTrace(change);
    }
    const TimeNs next = Table().NextDeadline();
    if (next != netbase::NEVER)
    {
        deadline.At(std::max(next, Now()).count(), nodeId);
    }
}

void
VlanSwitch::SetName(const std::string& name)
{
    m_impl->name = name;
}

const std::string&
VlanSwitch::GetName() const
{
    return m_impl->name;
}

uint32_t
VlanSwitch::AddPort(Ptr<EthernetDevice> device, const std::string& name, const VlanPort& config)
{
    NS_ABORT_MSG_UNLESS(device && device->GetNode(), "port " << name << ": device is on no node");
    auto port = std::make_unique<Impl::Port>();
    port->bridge = m_impl.get();
    port->number = GetNPorts();
    port->device = device;
    port->name = name;
    port->vlans = config;
    port->up = device->IsLinkUp();
    device->SetFrameHandler(MakeCallback(&Impl::Port::OnFrame, port.get()));
    device->AddLinkChangeCallback(MakeCallback(&Impl::Port::OnLinkChange, port.get()));
    m_impl->nodeId = device->GetNode()->GetId();
    m_impl->ports.push_back(std::move(port));
    if (!m_impl->up)
    {
        device->SetPowered(false);
    }
    return GetNPorts() - 1;
}

uint32_t
VlanSwitch::GetNPorts() const
{
    return static_cast<uint32_t>(m_impl->ports.size());
}

Ptr<EthernetDevice>
VlanSwitch::GetPortDevice(uint32_t port) const
{
    return m_impl->ports.at(port)->device;
}

const std::string&
VlanSwitch::GetPortName(uint32_t port) const
{
    return m_impl->ports.at(port)->name;
}

void
VlanSwitch::SetForwarding(uint32_t port, bool forwards)
{
    m_impl->ports.at(port)->forwards = forwards;
}

bool
VlanSwitch::IsForwarding(uint32_t port) const
{
    return m_impl->ports.at(port)->forwards;
}

void
VlanSwitch::FlushTable()
{
    m_impl->Table().Flush(Now());
    m_impl->ReportTable();
}

void
VlanSwitch::SetPriority(uint16_t priority)
{
    m_impl->priority = priority;
}

uint64_t
VlanSwitch::GetBridgeId() const
{
    uint64_t lowest = (uint64_t{1} << 48) - 1;
    for (const auto& port : m_impl->ports)
    {
        lowest = std::min(lowest, port->device->GetMac().ToInteger());
    }
    return uint64_t{m_impl->priority} << 48 | lowest;
}

void
VlanSwitch::SetUp(bool up)
{
    m_impl->up = up;
    for (const auto& port : m_impl->ports)
    {
        port->device->SetPowered(up);
    }
    if (!up)
    {
        FlushTable();
    }
}

bool
VlanSwitch::IsUp() const
{
    return m_impl->up;
}

const VlanSwitch::Counts&
VlanSwitch::GetCounts() const
{
    return m_impl->counts;
}

const FrameDropCounts&
VlanSwitch::GetDrops() const
{
    return m_impl->drops;
}

const MacTable&
VlanSwitch::GetTable() const
{
    return m_impl->Table();
}

} // namespace underlay
} // namespace ns3
