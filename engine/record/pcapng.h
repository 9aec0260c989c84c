// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Writes one pcapng file of raw IPv4 packets seen at several named interfaces
 * (draft-ietf-opsawg-pcapng).
 */
#ifndef WEFT_ENGINE_RECORD_PCAPNG_H
#define WEFT_ENGINE_RECORD_PCAPNG_H

#include "engine/record/flow-observer.h"
#include "engine/record/output-file.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace weft::engine
{

/// What a captured packet begins with; the numbers are those of the LINKTYPE_ registry.
enum class LinkType : std::uint16_t
{
    Ethernet = 1,
    RawIp = 101,
};

/**
 * One section, one interface block for each AddInterface, then enhanced packet blocks:
 * little-endian, time stamps in nanoseconds of simulated time. Nothing of
 * the host or the wall clock enters the file.
 */
class PcapngWriter
{
  public:
    /// @param path file to create. Throws ResultsError when it cannot be written.
    explicit PcapngWriter(const std::filesystem::path& path);

    /**
     * @param name shown as the interface's name, e.g. "bristol.broadband"
     * @param description optional
     * @return index to write packets with. Interfaces may be added at any time.
     */
    std::uint32_t AddInterface(std::string_view name,
                               std::string_view description = {},
                               LinkType linkType = LinkType::RawIp);

    /**
     * @param interface index from AddInterface
     * @param time the instant
     * @param bytes the packet, from the header on that the interface's link type says
     * @param comment optional; tshark shows it as frame.comment
     */
    void Write(std::uint32_t interface,
               TimeNs time,
               std::span<const std::uint8_t> bytes,
               std::string_view comment = {});

    /// Flushes to the disk. Throws ResultsError when that fails.
    void Close();

    std::uint64_t Packets() const;

  private:
    void Begin(std::uint32_t type);
    void Put16(std::uint16_t value);
    void Put32(std::uint32_t value);
    void PutOption(std::uint16_t code, std::span<const std::uint8_t> value);
    void PutPadded(std::span<const std::uint8_t> bytes);
    void End();

    OutputFile m_file;
    std::vector<std::uint8_t> m_block; ///< the block being built
    std::uint32_t m_interfaces = 0;
    std::uint64_t m_packets = 0;
};

} // namespace weft::engine

#endif
