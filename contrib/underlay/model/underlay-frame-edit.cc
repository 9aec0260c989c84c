// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-frame-edit.h"

#include "ns3/header.h"

namespace ns3
{
namespace underlay
{

namespace
{

/// Bytes as they are, written at the start of a packet.
class RawStart : public Header
{
  public:
    RawStart() = default;

    /// @param bytes to write
    explicit RawStart(std::span<const uint8_t> bytes) : m_bytes(bytes)
    {
    }

    /// @return the TypeId
    static TypeId
    GetTypeId()
    {
        static TypeId tid = TypeId("ns3::underlay::RawStart")
                                .SetParent<Header>()
                                .SetGroupName("Underlay")
                                .AddConstructor<RawStart>();
        return tid;
    }

    TypeId
    GetInstanceTypeId() const override
    {
        return GetTypeId();
    }

    uint32_t
    GetSerializedSize() const override
    {
        return static_cast<uint32_t>(m_bytes.size());
    }

    void
    Serialize(Buffer::Iterator start) const override
    {
        start.Write(m_bytes.data(), GetSerializedSize());
    }

    uint32_t
    Deserialize(Buffer::Iterator /* start */) override
    {
        return 0; // written only
    }

    void
    Print(std::ostream& os) const override
    {
        os << m_bytes.size() << " bytes";
    }

  private:
    std::span<const uint8_t> m_bytes; ///< somebody else's
};

} // namespace

void
ReplaceStart(Ptr<Packet> packet, uint32_t remove, std::span<const uint8_t> bytes)
{
    if (remove > 0)
    {
        packet->RemoveAtStart(remove);
    }
    packet->AddHeader(RawStart(bytes));
}

std::vector<uint8_t>
BytesOf(Ptr<const Packet> packet)
{
    std::vector<uint8_t> bytes(packet->GetSize());
    packet->CopyData(bytes.data(), static_cast<uint32_t>(bytes.size()));
    return bytes;
}

Ptr<Packet>
MakePacket(std::span<const uint8_t> bytes)
{
    return Create<Packet>(bytes.data(), static_cast<uint32_t>(bytes.size()));
}

} // namespace underlay
} // namespace ns3
