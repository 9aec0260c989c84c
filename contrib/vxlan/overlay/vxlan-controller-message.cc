// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-controller-message.h"

namespace weft::vxlan
{

namespace
{

using netbase::Read16;
using netbase::Read24;
using netbase::Read32;
using netbase::Write16;
using netbase::Write24;
using netbase::Write32;

constexpr std::size_t VNI_SIZE = 3;
constexpr std::size_t MAC_SIZE = 6;
constexpr std::size_t CLOCK_SIZE = 8;

// Offsets in the header.
constexpr std::size_t LENGTH = 2;
constexpr std::size_t SESSION = 4;
constexpr std::size_t PEER = 8;
constexpr std::size_t SEQUENCE = 12;
constexpr std::size_t ACK = 16;
constexpr std::size_t RESERVED = 20;
constexpr std::size_t CLOCK = 24;

std::uint64_t
Read64(const std::uint8_t* p)
{
    return std::uint64_t{Read32(p)} << 32 | Read32(p + 4);
}

void
Write64(std::uint8_t* p, std::uint64_t value)
{
    Write32(p, static_cast<std::uint32_t>(value >> 32));
    Write32(p + 4, static_cast<std::uint32_t>(value));
}

/// @return bytes of an address behind its length byte
std::size_t
AddressSize(const IpAddress& address)
{
    return address.IsNone() ? 0 : address.IsV4() ? 4 : 16;
}

bool
Has(ControllerRecordType type, std::initializer_list<ControllerRecordType> types)
{
    for (const ControllerRecordType t : types)
    {
        if (t == type)
        {
            return true;
        }
    }
    return false;
}

/// Which fields a record has, in this order: VNI; MAC; remote; clock; address.
struct Form
{
    bool vni;
    bool mac;
    bool remote;
    bool clock;
    bool address;

    explicit Form(ControllerRecordType type)
        : vni(type != ControllerRecordType::End), mac(Has(type,
                                                          {ControllerRecordType::Learn,
                                                           ControllerRecordType::Lose,
                                                           ControllerRecordType::Install,
                                                           ControllerRecordType::Withdraw})),
          remote(type == ControllerRecordType::Install),
          clock(Has(type, {ControllerRecordType::Learn, ControllerRecordType::Lose})),
          address(Has(type,
                      {ControllerRecordType::Learn,
                       ControllerRecordType::Install,
                       ControllerRecordType::Withdraw}))
    {
    }
};

/// Takes fields off the front of a record; remembers when there was not enough.
class FieldReader
{
  public:
    explicit FieldReader(ByteView bytes) : m_bytes(bytes)
    {
    }

    const std::uint8_t*
    Take(std::size_t size)
    {
        static constexpr std::array<std::uint8_t, 16> NOTHING{};
        if (m_bytes.size() < size)
        {
            m_good = false;
            return NOTHING.data();
        }
        const std::uint8_t* p = m_bytes.data();
        m_bytes = m_bytes.subspan(size);
        return p;
    }

    IpAddress
    TakeAddress()
    {
        const std::uint8_t size = *Take(1);
        if (size == 4)
        {
            return IpAddress::V4(Read32(Take(4)));
        }
        if (size == 16)
        {
            const IpAddress address = IpAddress::V6(ByteView(Take(16), 16));
            m_good &= !address.IsNone() && !address.IsV4(); // these have shorter forms
            return address;
        }
        m_good &= size == 0;
        return {};
    }

    bool
    Done() const
    {
        return m_good && m_bytes.empty();
    }

  private:
    ByteView m_bytes;
    bool m_good = true;
};

void
AppendAddress(Bytes& out, const IpAddress& address)
{
    const std::size_t size = AddressSize(address);
    out.push_back(static_cast<std::uint8_t>(size));
    out.insert(
        out.end(), address.octets.end() - static_cast<std::ptrdiff_t>(size), address.octets.end());
}

} // namespace

std::string_view
ToString(ControllerReason reason)
{
    switch (reason)
    {
    case ControllerReason::None:
        return "none";
    case ControllerReason::Truncated:
        return "truncated";
    case ControllerReason::BadVersion:
        return "bad-version";
    case ControllerReason::BadMessage:
        return "bad-message";
    case ControllerReason::BadRecord:
        return "bad-record";
    case ControllerReason::StaleSession:
        return "stale-session";
    case ControllerReason::UnknownPeer:
        return "unknown-peer";
    case ControllerReason::Duplicate:
        return "duplicate";
    case ControllerReason::OutOfWindow:
        return "out-of-window";
    case ControllerReason::TooMany:
        return "too-many";
    case ControllerReason::Count:
        break;
    }
    return "?";
}

ControllerReason
ReadController(ByteView datagram, ControllerHeader& header, ByteView& records)
{
    if (datagram.size() < CONTROLLER_HEADER)
    {
        return ControllerReason::Truncated;
    }
    if (datagram[0] != CONTROLLER_VERSION)
    {
        return ControllerReason::BadVersion;
    }
    const std::size_t length = Read16(&datagram[LENGTH]);
    if (length < CONTROLLER_HEADER || length > datagram.size())
    {
        return ControllerReason::Truncated;
    }
    if (datagram[1] < static_cast<std::uint8_t>(ControllerMessage::Hello) ||
        datagram[1] > static_cast<std::uint8_t>(ControllerMessage::Reset))
    {
        return ControllerReason::BadMessage;
    }
    header = {.type = static_cast<ControllerMessage>(datagram[1]),
              .session = Read32(&datagram[SESSION]),
              .peerSession = Read32(&datagram[PEER]),
              .sequence = Read32(&datagram[SEQUENCE]),
              .ack = Read32(&datagram[ACK]),
              .clock = Read64(&datagram[CLOCK])};
    const bool update = header.type == ControllerMessage::Update;
    const bool hello = header.type == ControllerMessage::Hello;
    if (header.session == 0 || (header.peerSession == 0) != hello ||
        (header.sequence != 0) != update || (!update && length != CONTROLLER_HEADER) ||
        Read32(&datagram[RESERVED]) != 0)
    {
        return ControllerReason::BadMessage;
    }
    records = datagram.subspan(CONTROLLER_HEADER, length - CONTROLLER_HEADER);
    return ControllerReason::None;
}

ControllerReason
NextRecord(ByteView& records, ControllerRecord& record, bool& found)
{
    found = false;
    while (!records.empty())
    {
        if (records.size() < 2 || records[1] < 2 || records[1] > records.size())
        {
            return ControllerReason::BadRecord;
        }
        const std::uint8_t type = records[0];
        FieldReader fields(records.subspan(2, records[1] - 2u));
        records = records.subspan(records[1]);
        if (type < static_cast<std::uint8_t>(ControllerRecordType::Join) ||
            type > static_cast<std::uint8_t>(ControllerRecordType::Withdraw))
        {
            continue;
        }
        record = {.type = static_cast<ControllerRecordType>(type)};
        const Form form(record.type);
        if (form.vni)
        {
            record.vni = Read24(fields.Take(VNI_SIZE));
        }
        if (form.mac)
        {
            record.mac = MacAddress::Read(ByteView(fields.Take(MAC_SIZE), MAC_SIZE));
        }
        if (form.remote)
        {
            record.remote = fields.TakeAddress();
        }
        if (form.clock)
        {
            record.at = Read64(fields.Take(CLOCK_SIZE));
        }
        if (form.address)
        {
            record.address = fields.TakeAddress();
        }
        if (!fields.Done() || (form.mac && record.mac.IsGroup()) ||
            (form.remote && (record.remote.IsNone() || record.remote.IsMulticast())))
        {
            return ControllerReason::BadRecord;
        }
        found = true;
        return ControllerReason::None;
    }
    return ControllerReason::None;
}

void
StartController(Bytes& datagram, const ControllerHeader& header)
{
    datagram.assign(CONTROLLER_HEADER, 0);
    datagram[0] = CONTROLLER_VERSION;
    datagram[1] = static_cast<std::uint8_t>(header.type);
    Write32(&datagram[SESSION], header.session);
    Write32(&datagram[PEER], header.peerSession);
    Write32(&datagram[SEQUENCE], header.sequence);
    FinishController(datagram, header.ack, header.clock);
}

std::size_t
RecordSize(const ControllerRecord& record)
{
    const Form form(record.type);
    return 2 + (form.vni ? VNI_SIZE : 0) + (form.mac ? MAC_SIZE : 0) +
           (form.remote ? 1 + AddressSize(record.remote) : 0) + (form.clock ? CLOCK_SIZE : 0) +
           (form.address ? 1 + AddressSize(record.address) : 0);
}

void
AppendRecord(Bytes& datagram, const ControllerRecord& record)
{
    const Form form(record.type);
    datagram.push_back(static_cast<std::uint8_t>(record.type));
    datagram.push_back(static_cast<std::uint8_t>(RecordSize(record)));
    if (form.vni)
    {
        datagram.resize(datagram.size() + VNI_SIZE);
        Write24(&datagram[datagram.size() - VNI_SIZE], record.vni);
    }
    if (form.mac)
    {
        datagram.insert(datagram.end(), record.mac.octets.begin(), record.mac.octets.end());
    }
    if (form.remote)
    {
        AppendAddress(datagram, record.remote);
    }
    if (form.clock)
    {
        datagram.resize(datagram.size() + CLOCK_SIZE);
        Write64(&datagram[datagram.size() - CLOCK_SIZE], record.at);
    }
    if (form.address)
    {
        AppendAddress(datagram, record.address);
    }
}

void
FinishController(Bytes& datagram, std::uint32_t ack, std::uint64_t clock)
{
    Write16(&datagram[LENGTH], static_cast<std::uint16_t>(datagram.size()));
    Write32(&datagram[ACK], ack);
    Write64(&datagram[CLOCK], clock);
}

} // namespace weft::vxlan
