// SPDX-License-Identifier: GPL-2.0-only
/** @file A capture file of Ethernet frames (classic pcap), and what tshark reads in it. */
#ifndef WEFT_TESTS_SUPPORT_PCAP_H
#define WEFT_TESTS_SUPPORT_PCAP_H

#include "support/workspace.h"

#include <cstdint>
#include <span>
#include <vector>

namespace weft::support
{

class PcapFile
{
  public:
    explicit PcapFile(std::filesystem::path path) : m_path(std::move(path))
    {
        std::ofstream out(m_path, std::ios::binary);
        Put(out, {0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1}); // version 2.4, link type Ethernet
    }

    /// Adds a frame, a millisecond after the one before.
    void
    Add(std::span<const std::uint8_t> frame)
    {
        std::ofstream out(m_path, std::ios::binary | std::ios::app);
        const auto size = static_cast<std::uint32_t>(frame.size());
        Put(out, {m_count / 1000, m_count % 1000 * 1000, size, size});
        out.write(reinterpret_cast<const char*>(frame.data()),
                  static_cast<std::streamsize>(frame.size()));
        ++m_count;
    }

    /// @return what tshark prints with these arguments, checksums being verified
    std::string
    Tshark(const std::string& arguments) const
    {
        return Shell("tshark -n -r '" + m_path.string() +
                     "' -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE"
                     " -o tcp.check_checksum:TRUE -o udp.ignore_ipv6_zero_checksum:TRUE"
                     " -o ip.try_heuristic_first:TRUE " +
                     arguments + " 2>/dev/null")
            .text;
    }

    /// @return fields of every frame: a line each, with a tab between fields
    std::string
    Fields(const std::vector<std::string>& names, const std::string& filter = {}) const
    {
        std::string arguments = "-T fields -E occurrence=a -E aggregator=,";
        for (const std::string& name : names)
        {
            arguments += " -e " + name;
        }
        if (!filter.empty())
        {
            arguments += " -Y '" + filter + "'";
        }
        return Tshark(arguments);
    }

  private:
    static void
    Put(std::ofstream& out, const std::vector<std::uint32_t>& words)
    {
        for (const std::uint32_t word : words)
        {
            const std::array<char, 4> bytes{static_cast<char>(word),
                                            static_cast<char>(word >> 8),
                                            static_cast<char>(word >> 16),
                                            static_cast<char>(word >> 24)};
            out.write(bytes.data(), bytes.size());
        }
    }

    std::filesystem::path m_path;
    std::uint32_t m_count = 0;
};

/// @return whether tshark is there to be asked
inline bool
HasTshark()
{
    return std::system("command -v tshark >/dev/null 2>&1") == 0;
}

} // namespace weft::support

#endif
