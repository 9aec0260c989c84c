// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/wire-watch.h"

#include "engine/run/frame-decode.h"

#include "ns3/callback.h"
#include "ns3/netbase-flow-hash.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <fmt/format.h>

namespace weft::engine
{

namespace
{

using ns3::underlay::EthernetDevice;

constexpr double NS = 1e9;

std::array<ns3::Ptr<EthernetDevice>, 2>
EndsOf(const Wire& wire)
{
    return {wire.link->GetFirst(), wire.link->GetSecond()};
}

std::string_view
DirectionName(std::size_t direction)
{
    return direction == 0 ? "out" : "in";
}

} // namespace

/// One wire whose frames are looked at.
class WireWatch::Watched
{
  public:
    Watched(WireWatch& owner, spec::WireRef ref)
        : m_owner(owner), m_ref(ref), m_name(owner.m_scenario.Name(ref))
    {
    }

    /// Connects to both ends, each once.
    void
    Connect()
    {
        using spec::WireRef;
        const Overlay& overlay = m_owner.m_overlay;
        if (m_ref.kind == WireRef::Kind::Port)
        {
            const auto vm = overlay.Vms().at(m_ref.node.index);
            vm->TraceConnectWithoutContext("Transmit", ns3::MakeCallback(&Watched::OnVmSent, this));
            vm->TraceConnectWithoutContext("Receive",
                                           ns3::MakeCallback(&Watched::OnVmReceived, this));
            return;
        }
        const auto link = overlay.GetFabric() ? overlay.GetFabric()->Find(m_ref) : nullptr;
        if (link)
        {
            link->GetFirst()->TraceConnectWithoutContext(
                "Transmit", ns3::MakeCallback(&Watched::OnFirstSent, this));
            link->GetSecond()->TraceConnectWithoutContext(
                "Transmit", ns3::MakeCallback(&Watched::OnSecondSent, this));
            m_rate = static_cast<double>(link->GetFirst()->GetRate().GetBitRate());
            return;
        }
        // Behind an Edge: the hypervisor's own view of its uplink.
        const auto hypervisor = overlay.Hypervisors().at(m_ref.node.index);
        hypervisor->TraceConnectWithoutContext("Transmit",
                                               ns3::MakeCallback(&Watched::OnHostSent, this));
        hypervisor->TraceConnectWithoutContext("Receive",
                                               ns3::MakeCallback(&Watched::OnHostReceived, this));
    }

    void
    RecordFrames()
    {
        if (!m_recordIndex)
        {
            m_recordIndex = m_owner.m_recorder.Overlay().AddWatchedLink(m_name);
        }
    }

    void
    CountFlows()
    {
        m_countsFlows = true;
    }

    void
    Capture(PcapngWriter& writer)
    {
        if (m_recordIndex)
        {
            m_interface = writer.AddInterface(m_name, {}, LinkType::Ethernet);
        }
    }

    const spec::WireRef&
    Ref() const
    {
        return m_ref;
    }

    void
    Finish(Recorder& recorder) const
    {
        for (std::size_t direction = 0; m_countsFlows && direction < 2; ++direction)
        {
            recorder.SetScalar(fmt::format("link.{}.{}.flows", m_name, DirectionName(direction)),
                               static_cast<double>(m_flows[direction].size()));
        }
    }

  private:
    void
    OnFirstSent(ns3::Ptr<const ns3::Packet> frame, ns3::Time departure)
    {
        OnPacket(frame, departure, true);
    }

    void
    OnSecondSent(ns3::Ptr<const ns3::Packet> frame, ns3::Time departure)
    {
        OnPacket(frame, departure, false);
    }

    void
    OnVmSent(netbase::ByteView frame)
    {
        OnFrame(frame, Now(), true);
    }

    void
    OnVmReceived(netbase::ByteView frame)
    {
        OnFrame(frame, Now(), false);
    }

    void
    OnHostSent(netbase::ByteView frame, std::uint32_t)
    {
        OnFrame(frame, Now(), true);
    }

    void
    OnHostReceived(netbase::ByteView frame, std::uint32_t)
    {
        OnFrame(frame, Now(), false);
    }

    static TimeNs
    Now()
    {
        return TimeNs(ns3::Simulator::Now().GetNanoSeconds());
    }

    void
    OnPacket(ns3::Ptr<const ns3::Packet> packet, ns3::Time departure, bool outward)
    {
        m_bytes.resize(packet->GetSize());
        packet->CopyData(m_bytes.data(), packet->GetSize());
        const double octets = static_cast<double>(m_bytes.size() + EthernetDevice::OVERHEAD);
        const auto length = static_cast<std::int64_t>(octets * 8 * NS / m_rate);
        OnFrame(m_bytes, std::max(TimeNs(departure.GetNanoSeconds() - length), Now()), outward);
    }

    void
    OnFrame(netbase::ByteView frame, TimeNs time, bool outward)
    {
        // Frames for a group follow its tree, they are not spread.
        if (m_countsFlows && !frame.empty() && (frame[0] & 1) == 0)
        {
            const netbase::FlowFields fields = netbase::ReadFlowFields(frame);
            m_flows[outward ? 0 : 1].insert(netbase::FlowHash(fields, 0, false));
        }
        if (!m_recordIndex)
        {
            return;
        }
        FrameRecord record;
        DecodeFrame(frame, m_owner.m_hints, record);
        record.time = time;
        record.link = *m_recordIndex;
        record.outward = outward;
        record.size = static_cast<std::uint32_t>(frame.size());
        if (m_owner.m_capture)
        {
            m_owner.m_capture->Write(m_interface, time, frame, outward ? "out" : "in");
        }
        m_owner.m_frames.push_back(std::move(record));
    }

    WireWatch& m_owner;
    spec::WireRef m_ref;
    std::string m_name;
    std::optional<std::uint32_t> m_recordIndex;
    std::uint32_t m_interface = 0;
    bool m_countsFlows = false;
    std::array<std::unordered_set<std::uint64_t>, 2> m_flows;
    double m_rate = 0;
    netbase::Bytes m_bytes;
};

WireWatch::WireWatch(const spec::Scenario& scenario, const Overlay& overlay, Recorder& recorder)
    : m_scenario(scenario), m_overlay(overlay),
      m_recorder(recorder), m_hints{
                                scenario.overlay.encapsulation == spec::EncapsulationKind::Nvgre,
                                scenario.overlay.destinationPort,
                                scenario.overlay.encapsulation == spec::EncapsulationKind::Geneve,
                                scenario.overlay.encapsulation == spec::EncapsulationKind::Stt}
{
    if (overlay.GetFabric())
    {
        for (const Wire& wire : overlay.GetFabric()->Wires())
        {
            m_wires.push_back({recorder.Overlay().AddLink(wire.name), {}});
        }
    }
    WatchFrames();
    CountFlows();
    for (const auto& watched : m_watched)
    {
        watched->Connect();
    }
}

WireWatch::~WireWatch() = default;

WireWatch::Watched&
WireWatch::WatchOf(const spec::WireRef& ref)
{
    spec::WireRef whole = ref;
    whole.reversed = false;
    whole.member = 0;
    const auto found = std::find_if(
        m_watched.begin(), m_watched.end(), [&](const auto& each) { return each->Ref() == whole; });
    if (found != m_watched.end())
    {
        return **found;
    }
    m_watched.push_back(std::make_unique<Watched>(*this, whole));
    return *m_watched.back();
}

void
WireWatch::WatchFrames()
{
    for (const auto& ref : m_scenario.record.frames)
    {
        WatchOf(ref).RecordFrames();
    }
    for (const auto& expectation : m_scenario.expectations)
    {
        if (expectation.kind == spec::ExpectKind::Frames)
        {
            WatchOf(expectation.wires.at(0)).RecordFrames();
        }
    }
}

void
WireWatch::CountFlows()
{
    for (const auto& expectation : m_scenario.expectations)
    {
        if (expectation.kind == spec::ExpectKind::Balance)
        {
            for (const auto& ref : expectation.wires)
            {
                WatchOf(ref).CountFlows();
            }
        }
    }
}

void
WireWatch::Capture(PcapngWriter& writer)
{
    m_capture = &writer;
    for (const auto& watched : m_watched)
    {
        watched->Capture(writer);
    }
}

void
WireWatch::Sample(TimeNs start, spec::Duration bin)
{
    for (std::size_t w = 0; w < m_wires.size(); ++w)
    {
        const auto ends = EndsOf(m_overlay.GetFabric()->Wires()[w]);
        for (std::size_t direction = 0; direction < 2; ++direction)
        {
            const EthernetDevice& device = *ends[direction];
            Counted& last = m_wires[w].last[direction];
            const Counted now{device.GetTransmitted().packets,
                              device.GetTransmitted().bytes,
                              device.GetSendDrops().Total().packets,
                              device.GetBusyTime().GetNanoSeconds()};
            LinkSample sample;
            sample.time = start;
            sample.link = m_wires[w].index;
            sample.outward = direction == 0;
            sample.frames = now.frames - last.frames;
            sample.bytes = now.bytes - last.bytes;
            sample.drops = now.drops - last.drops;
            sample.utilisation =
                static_cast<double>(now.busy - last.busy) /
                (static_cast<double>(bin.count()) * std::max(1u, device.GetNMembers()));
            m_recorder.Overlay().OnLink(sample);
            last = now;
        }
    }
}

void
WireWatch::Finish(Books& books)
{
    std::stable_sort(m_frames.begin(), m_frames.end(), [](const auto& a, const auto& b) {
        return a.time < b.time;
    });
    for (FrameRecord& frame : m_frames)
    {
        m_recorder.Overlay().OnFrame(std::move(frame));
    }
    m_frames.clear();
    if (m_overlay.GetFabric())
    {
        std::uint64_t frames = 0; ///< that crossed links between routers or switches
        std::uint64_t bytes = 0;
        for (const Wire& wire : m_overlay.GetFabric()->Wires())
        {
            const auto ends = EndsOf(wire);
            for (std::size_t direction = 0; direction < 2; ++direction)
            {
                const EthernetDevice& device = *ends[direction];
                if (wire.ref.kind == spec::WireRef::Kind::Fabric)
                {
                    frames += device.GetTransmitted().packets;
                    bytes += device.GetTransmitted().bytes;
                }
                const auto set = [&](std::string_view figure, std::uint64_t value) {
                    m_recorder.SetScalar(
                        fmt::format("link.{}.{}.{}", wire.name, DirectionName(direction), figure),
                        static_cast<double>(value));
                };
                set("frames", device.GetTransmitted().packets);
                set("bytes", device.GetTransmitted().bytes);
                set("drops", device.GetSendDrops().Total().packets);
                for (std::uint32_t m = 0; device.GetNMembers() > 1 && m < device.GetNMembers(); ++m)
                {
                    m_recorder.SetScalar(
                        fmt::format(
                            "link.{}.{}.{}.frames", wire.name, m + 1, DirectionName(direction)),
                        static_cast<double>(device.GetMemberTransmitted(m).packets));
                    m_recorder.SetScalar(
                        fmt::format(
                            "link.{}.{}.{}.bytes", wire.name, m + 1, DirectionName(direction)),
                        static_cast<double>(device.GetMemberTransmitted(m).bytes));
                }
                books.sent += device.GetOffered().packets;
                books.delivered += device.GetReceived().packets;
                books.dropped += device.GetSendDrops().Total().packets +
                                 device.GetReceiveDrops().Total().packets;
            }
            books.inFlight += wire.link->GetUnderWay();
        }
        m_recorder.SetScalar("fabric.frames", static_cast<double>(frames));
        m_recorder.SetScalar("fabric.bytes", static_cast<double>(bytes));
        for (const auto& drop : m_overlay.GetFabric()->Helper().GetDrops())
        {
            m_recorder.AddDrop(
                drop.place, ToString(drop.reason), drop.count.packets, drop.count.bytes);
        }
    }
    for (const auto& watched : m_watched)
    {
        watched->Finish(m_recorder);
    }
}

} // namespace weft::engine
