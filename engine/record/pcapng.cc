// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/pcapng.h"

#include <algorithm>
#include <stdexcept>

namespace weft::engine
{

namespace
{

constexpr std::uint32_t SECTION_HEADER = 0x0a0d0d0a;
constexpr std::uint32_t INTERFACE_DESCRIPTION = 1;
constexpr std::uint32_t ENHANCED_PACKET = 6;
constexpr std::uint16_t OPT_END = 0;
constexpr std::uint16_t OPT_COMMENT = 1;
constexpr std::uint16_t SHB_USERAPPL = 4;
constexpr std::uint16_t IF_NAME = 2;
constexpr std::uint16_t IF_DESCRIPTION = 3;
constexpr std::uint16_t IF_TSRESOL = 9;
constexpr std::size_t MAX_OPTION_BYTES = 65532; ///< multiple of 4 below 2^16

std::span<const std::uint8_t>
AsBytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

PcapngWriter::PcapngWriter(const std::filesystem::path& path) : m_file(path)
{
    Begin(SECTION_HEADER);
    Put32(0x1a2b3c4d); // byte order
    Put16(1);          // version 1.0
    Put16(0);
    Put32(0xffffffff); // section length: not given
    Put32(0xffffffff);
    PutOption(SHB_USERAPPL, AsBytes("weft"));
    PutOption(OPT_END, {});
    End();
}

std::uint32_t
PcapngWriter::AddInterface(std::string_view name, std::string_view description, LinkType linkType)
{
    Begin(INTERFACE_DESCRIPTION);
    Put16(static_cast<std::uint16_t>(linkType));
    Put16(0); // reserved
    Put32(0); // no snap length
    PutOption(IF_NAME, AsBytes(name));
    if (!description.empty())
    {
        PutOption(IF_DESCRIPTION, AsBytes(description));
    }
    static constexpr std::uint8_t NANOSECONDS[] = {9};
    PutOption(IF_TSRESOL, NANOSECONDS);
    PutOption(OPT_END, {});
    End();
    return m_interfaces++;
}

void
PcapngWriter::Write(std::uint32_t interface,
                    TimeNs time,
                    std::span<const std::uint8_t> bytes,
                    std::string_view comment)
{
    if (interface >= m_interfaces)
    {
        throw std::out_of_range("PcapngWriter::Write: no such interface");
    }
    const auto stamp = static_cast<std::uint64_t>(time.count());
    Begin(ENHANCED_PACKET);
    Put32(interface);
    Put32(static_cast<std::uint32_t>(stamp >> 32));
    Put32(static_cast<std::uint32_t>(stamp));
    Put32(static_cast<std::uint32_t>(bytes.size()));
    Put32(static_cast<std::uint32_t>(bytes.size()));
    PutPadded(bytes);
    if (!comment.empty())
    {
        PutOption(OPT_COMMENT, AsBytes(comment));
        PutOption(OPT_END, {});
    }
    End();
    ++m_packets;
}

void
PcapngWriter::Close()
{
    m_file.Close();
}

std::uint64_t
PcapngWriter::Packets() const
{
    return m_packets;
}

void
PcapngWriter::Begin(std::uint32_t type)
{
    m_block.clear();
    Put32(type);
    Put32(0); // length, filled in by End
}

void
PcapngWriter::Put16(std::uint16_t value)
{
    m_block.push_back(static_cast<std::uint8_t>(value));
    m_block.push_back(static_cast<std::uint8_t>(value >> 8));
}

void
PcapngWriter::Put32(std::uint32_t value)
{
    Put16(static_cast<std::uint16_t>(value));
    Put16(static_cast<std::uint16_t>(value >> 16));
}

void
PcapngWriter::PutOption(std::uint16_t code, std::span<const std::uint8_t> value)
{
    value = value.first(std::min(value.size(), MAX_OPTION_BYTES));
    Put16(code);
    Put16(static_cast<std::uint16_t>(value.size()));
    PutPadded(value);
}

void
PcapngWriter::PutPadded(std::span<const std::uint8_t> bytes)
{
    m_block.insert(m_block.end(), bytes.begin(), bytes.end());
    m_block.resize((m_block.size() + 3) / 4 * 4);
}

void
PcapngWriter::End()
{
    const auto length = static_cast<std::uint32_t>(m_block.size() + 4);
    Put32(length);
    for (unsigned i = 0; i < 4; ++i)
    {
        m_block[4 + i] = static_cast<std::uint8_t>(length >> (8 * i));
    }
    m_file.Write({reinterpret_cast<const char*>(m_block.data()), m_block.size()});
}

} // namespace weft::engine
