// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * IGMP messages of versions 1 to 3 (RFC 1112 appendix I, RFC 2236, RFC 3376 section 4).
 */
#ifndef NETBASE_IGMP_H
#define NETBASE_IGMP_H

#include "netbase-drop-reason.h"
#include "netbase-types.h"

namespace weft::netbase
{

enum class IgmpType : std::uint8_t
{
    Query = 0x11,
    V1Report = 0x12,
    V2Report = 0x16,
    V2Leave = 0x17,
    V3Report = 0x22,
};

enum class IgmpRecordType : std::uint8_t
{
    ModeIsInclude = 1,
    ModeIsExclude = 2,
    ChangeToInclude = 3,
    ChangeToExclude = 4,
    AllowNewSources = 5,
    BlockOldSources = 6,
};

/// Group record of a version 3 report.
struct IgmpRecord
{
    IgmpRecordType type = IgmpRecordType::ModeIsExclude;
    IpAddress group;
    std::vector<IpAddress> sources;

    friend bool operator==(const IgmpRecord&, const IgmpRecord&) = default;
};

/// Any IGMP message; which fields mean something depends on the type.
struct IgmpMessage
{
    IgmpType type = IgmpType::Query;
    /// Of a query: 1 (8 octets, code 0), 2 (8 octets) or 3 (12 octets or more). RFC 3376
    /// section 7.1
    unsigned version = 3;
    IpAddress group = IpAddress::V4(0); ///< 0.0.0.0 in a general query; unused in version 3 reports
    TimeNs maxResponse{0};   ///< query, version 2 and 3; what its code can express, a tenth of a
                             ///< second up; version 1: 10 s, by definition
    bool suppress = false;   ///< version 3 query: S flag
    unsigned robustness = 2; ///< version 3 query: QRV, 0 to 7
    TimeNs queryInterval{0}; ///< version 3 query: QQIC, seconds
    std::vector<IpAddress> sources;  ///< version 3 query
    std::vector<IgmpRecord> records; ///< version 3 report

    friend bool operator==(const IgmpMessage&, const IgmpMessage&) = default;
};

inline constexpr std::uint32_t IGMP_ALL_HOSTS = 0xe0000001;   ///< 224.0.0.1
inline constexpr std::uint32_t IGMP_ALL_ROUTERS = 0xe0000002; ///< 224.0.0.2
inline constexpr std::uint32_t IGMP_V3_REPORTS = 0xe0000016;  ///< 224.0.0.22

/// @return the time that an octet code means, in units: RFC 3376 sections 4.1.1 and 4.1.7
std::uint32_t DecodeIgmpCode(std::uint8_t code);
/// @return the code of the largest expressible number not above @p units, at most 31744
std::uint8_t EncodeIgmpCode(std::uint32_t units);

/// Reads an IP payload. Auxiliary data of records is skipped.
/// @return None; Truncated; BadChecksum; BadHeader (query of 9 to 11 octets, group is no group,
/// unknown record type); Unsupported (another type)
DropReason ReadIgmp(ByteView payload, IgmpMessage& message);

/// Appends the IP payload, checksum included.
void AppendIgmp(Bytes& out, const IgmpMessage& message);

/// Appends a complete IPv4 packet as hosts and routers send it: TTL 1, TOS 0xc0, DF, id 0, router
/// alert (RFC 3376 section 4; DF and id as Linux does).
void AppendIgmpPacket(Bytes& out,
                      const IpAddress& source,
                      const IpAddress& destination,
                      const IgmpMessage& message);

} // namespace weft::netbase

#endif
