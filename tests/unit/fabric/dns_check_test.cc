// SPDX-License-Identifier: GPL-2.0-only
/** @file What is a DNS message and what only goes to its port. */
#include "underlay-dns-check.h"

#include <gtest/gtest.h>

#include <random>

namespace weft::underlay
{
namespace
{

using netbase::Bytes;

void
Put16(Bytes& out, unsigned value)
{
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

Bytes
Header(
    unsigned flags, unsigned questions, unsigned answers, unsigned authority, unsigned additional)
{
    Bytes out;
    for (const unsigned value : {0x1234u, flags, questions, answers, authority, additional})
    {
        Put16(out, value);
    }
    return out;
}

void
PutName(Bytes& out, const std::vector<std::string>& labels)
{
    for (const auto& label : labels)
    {
        out.push_back(static_cast<std::uint8_t>(label.size()));
        out.insert(out.end(), label.begin(), label.end());
    }
    out.push_back(0);
}

void
PutQuestion(Bytes& out)
{
    PutName(out, {"www", "example", "org"});
    Put16(out, 1);
    Put16(out, 1);
}

/// A record whose name points at the question's.
void
PutRecord(Bytes& out, const Bytes& data, unsigned pointer = 12)
{
    Put16(out, 0xc000 | pointer);
    Put16(out, 1);
    Put16(out, 1);
    Put16(out, 0);
    Put16(out, 3600);
    Put16(out, static_cast<unsigned>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
}

Bytes
Query()
{
    Bytes query = Header(0x0100, 1, 0, 0, 0);
    PutQuestion(query);
    return query;
}

Bytes
Response()
{
    Bytes response = Header(0x8180, 1, 2, 0, 0);
    PutQuestion(response);
    PutRecord(response, {192, 0, 2, 1});
    PutRecord(response, {192, 0, 2, 2});
    return response;
}

TEST(DnsCheck, QueriesAndResponsesPass)
{
    EXPECT_TRUE(IsDnsMessage(Query()));
    EXPECT_TRUE(IsDnsMessage(Response()));
    Bytes edns = Header(0x0120, 1, 0, 0, 1); // with an OPT record and the AD bit
    PutQuestion(edns);
    edns.push_back(0);
    Put16(edns, 41);
    Put16(edns, 4096);
    Put16(edns, 0);
    Put16(edns, 0);
    Put16(edns, 0);
    EXPECT_TRUE(IsDnsMessage(edns));
}

TEST(DnsCheck, VxlanOnPort53Fails)
{
    // Flags 0x08, VNI, inner frame: whatever the VNI and the inner addresses are.
    std::mt19937_64 random(3);
    for (int i = 0; i < 100000; ++i)
    {
        Bytes vxlan{8, 0, 0, 0};
        const auto vni = static_cast<std::uint32_t>(random() % 0x1000000);
        Put16(vxlan, vni >> 8);
        Put16(vxlan, vni << 8 & 0xff00);
        for (int k = 0; k < 6; ++k)
        {
            Put16(vxlan, static_cast<unsigned>(random() & 0xffff));
        }
        Put16(vxlan, 0x0800);
        vxlan.resize(vxlan.size() + 20 + random() % 80, 0x45);
        EXPECT_FALSE(IsDnsMessage(vxlan)) << vni;
    }
}

TEST(DnsCheck, NeitherCutNorLongerNorOtherwiseWrong)
{
    for (const Bytes& good : {Query(), Response()})
    {
        for (std::size_t size = 0; size < good.size(); ++size)
        {
            const netbase::ByteView start(good.data(), size);
            EXPECT_FALSE(IsDnsMessage(start)) << size;
            EXPECT_TRUE(IsDnsMessage(start, false)) << size << ": may be the start of one";
        }
        Bytes longer = good;
        longer.push_back(0);
        EXPECT_FALSE(IsDnsMessage(longer));
    }
    const auto changed = [](Bytes message, std::size_t at, unsigned value) {
        message.at(at) = static_cast<std::uint8_t>(value);
        return message;
    };
    EXPECT_FALSE(IsDnsMessage(changed(Query(), 2, 0x19))) << "opcode 3";
    EXPECT_FALSE(IsDnsMessage(changed(Query(), 2, 0x39))) << "opcode 7";
    EXPECT_FALSE(IsDnsMessage(changed(Query(), 3, 0x40))) << "reserved bit";
    EXPECT_FALSE(IsDnsMessage(changed(Query(), 5, 2))) << "two questions announced";
    EXPECT_FALSE(IsDnsMessage(changed(Query(), 5, 0))) << "none announced";
    EXPECT_FALSE(IsDnsMessage(changed(Query(), 12, 0x40))) << "label type 01";
    EXPECT_FALSE(IsDnsMessage(changed(Response(), 2, 0x01))) << "query with answers";
    EXPECT_FALSE(IsDnsMessage(Header(0x0100, 0, 0, 0, 0))) << "nothing asked";
}

TEST(DnsCheck, PointersLeadBackwardsAndNamesAreShort)
{
    Bytes loop = Header(0x8180, 1, 1, 0, 0);
    PutQuestion(loop);
    PutRecord(loop, {1, 2, 3, 4}, static_cast<unsigned>(loop.size()));
    EXPECT_FALSE(IsDnsMessage(loop)) << "to itself";
    Bytes intoHeader = Header(0x8180, 1, 1, 0, 0);
    PutQuestion(intoHeader);
    PutRecord(intoHeader, {1, 2, 3, 4}, 4);
    EXPECT_FALSE(IsDnsMessage(intoHeader));
    for (const std::size_t labels : {3u, 4u})
    {
        // Three labels of 63 and one of 61 make 255; four of 63 do not fit.
        Bytes query = Header(0x0100, 1, 0, 0, 0);
        std::vector<std::string> name(labels, std::string(63, 'a'));
        if (labels == 3)
        {
            name.emplace_back(61, 'b');
        }
        PutName(query, name);
        Put16(query, 1);
        Put16(query, 1);
        EXPECT_EQ(IsDnsMessage(query), labels == 3);
    }
}

TEST(DnsCheck, RandomBytesAreReadWithinTheirEnd)
{
    std::mt19937_64 random(4);
    int accepted = 0;
    for (int i = 0; i < 200000; ++i)
    {
        Bytes bytes = i % 2 ? Query() : Response();
        for (int k = 0; k < 3; ++k)
        {
            bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
        }
        bytes.resize(random() % (bytes.size() + 1));
        bytes.shrink_to_fit();
        accepted += IsDnsMessage(bytes);
        IsDnsMessage(bytes, false);
    }
    EXPECT_GT(accepted, 0);
}

} // namespace
} // namespace weft::underlay
