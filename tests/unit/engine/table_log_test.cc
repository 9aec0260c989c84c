// SPDX-License-Identifier: GPL-2.0-only
/** @file The history of forwarding tables: replayed to any instant, written, read back, shown. */

#include "engine/record/overlay-writers.h"
#include "engine/record/table-text.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <stdexcept>
#include <string>

namespace weft::engine
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string HEADER =
    "time_s,node,table,op,cause,domain,mac,address,source,remote,port,text\n";

/// A change of a VTEP's table.
TableRecord
Fdb(TimeNs time, std::string node, std::string op, std::string mac, std::string remote)
{
    TableRecord r;
    r.time = time;
    r.node = std::move(node);
    r.table = "vtep-fdb";
    r.op = std::move(op);
    r.cause = r.op == "remove" ? "aged" : "learned";
    r.domain = "864";
    r.mac = std::move(mac);
    r.remote = std::move(remote);
    return r;
}

TableRecord
Row(std::string table, std::string address, std::string source, std::string port, std::string mac)
{
    TableRecord r;
    r.time = seconds(1);
    r.node = "leaf1";
    r.table = std::move(table);
    r.op = "add";
    r.cause = "protocol";
    r.address = std::move(address);
    r.source = std::move(source);
    r.port = std::move(port);
    r.mac = std::move(mac);
    return r;
}

/// Adds, changes and removes at known instants on two nodes.
TableLog
Sample()
{
    TableLog log;
    log.Add(Fdb(seconds(1), "host1", "add", "m1", "10.0.0.2"));
    log.Add(Fdb(seconds(2), "host2", "add", "m2", "10.0.0.1"));
    log.Add(Fdb(seconds(3), "host1", "update", "m1", "10.0.0.3"));
    log.Add(Fdb(seconds(4), "host1", "remove", "m1", "10.0.0.3"));
    log.Add(Fdb(seconds(5), "host1", "add", "m1", "10.0.0.4"));
    return log;
}

std::string
RemoteAt(const TableLog& log, TimeNs time)
{
    const auto contents = log.ContentsAt(time, "host1", "vtep-fdb");
    return contents.empty() ? "none" : contents.begin()->second.remote;
}

TEST(TableLog, ReplaysToAnyInstantChangesOfThatInstantIncluded)
{
    const TableLog log = Sample();
    EXPECT_EQ(RemoteAt(log, seconds(1) - TimeNs(1)), "none");
    EXPECT_EQ(RemoteAt(log, seconds(1)), "10.0.0.2");
    EXPECT_EQ(RemoteAt(log, seconds(3) - TimeNs(1)), "10.0.0.2");
    EXPECT_EQ(RemoteAt(log, seconds(3)), "10.0.0.3");
    EXPECT_EQ(RemoteAt(log, seconds(4) - TimeNs(1)), "10.0.0.3");
    EXPECT_EQ(RemoteAt(log, seconds(4)), "none");
    EXPECT_EQ(RemoteAt(log, seconds(5)), "10.0.0.4");
    EXPECT_EQ(RemoteAt(log, TimeNs::max()), "10.0.0.4");
}

TEST(TableLog, FiltersByNodeAndTable)
{
    const TableLog log = Sample();
    EXPECT_EQ(log.ContentsAt(seconds(2)).size(), 2u);
    EXPECT_EQ(log.ContentsAt(seconds(2), "host2").size(), 1u);
    EXPECT_EQ(log.ContentsAt(seconds(2), "host3").size(), 0u);
    EXPECT_EQ(log.ContentsAt(seconds(2), {}, "vtep-fdb").size(), 2u);
    EXPECT_EQ(log.ContentsAt(seconds(2), {}, "arp").size(), 0u);
}

TEST(TableLog, ChangesAreThoseAfterTheFirstInstantUpToTheSecond)
{
    const TableLog log = Sample();
    EXPECT_EQ(log.Changes(TimeNs(-1), seconds(9)).size(), 5u);
    EXPECT_EQ(log.Changes(seconds(1), seconds(3)).size(), 2u);
    EXPECT_EQ(log.Changes(seconds(1), seconds(3), "host1").size(), 1u);
    EXPECT_EQ(log.Changes(seconds(3), seconds(3)).size(), 0u);
}

TEST(TableLog, EntriesOfOneMacInTwoNetworksAreTwo)
{
    TableLog log;
    log.Add(Fdb(seconds(1), "host1", "add", "m1", "10.0.0.2"));
    TableRecord other = Fdb(seconds(1), "host1", "add", "m1", "10.0.0.3");
    other.domain = "865";
    log.Add(other);
    EXPECT_EQ(log.ContentsAt(seconds(1)).size(), 2u);
}

TEST(TableLog, KeysOfEachTable)
{
    // ARP: the address alone is the key; a new MAC address replaces the old one.
    EXPECT_EQ(TableLog::KeyOf(Row("arp", "10.0.0.1", "", "", "m1")),
              TableLog::KeyOf(Row("arp", "10.0.0.1", "", "", "m2")));
    EXPECT_NE(TableLog::KeyOf(Row("arp", "10.0.0.1", "", "", "m1")),
              TableLog::KeyOf(Row("arp", "10.0.0.2", "", "", "m1")));
    // A membership is one for each port; a multicast entry changes its incoming port.
    EXPECT_NE(TableLog::KeyOf(Row("igmp", "239.0.0.1", "", "p1", "")),
              TableLog::KeyOf(Row("igmp", "239.0.0.1", "", "p2", "")));
    EXPECT_EQ(TableLog::KeyOf(Row("multicast", "239.0.0.1", "10.0.0.1", "p1", "")),
              TableLog::KeyOf(Row("multicast", "239.0.0.1", "10.0.0.1", "p2", "")));
    EXPECT_NE(TableLog::KeyOf(Row("multicast", "239.0.0.1", "10.0.0.1", "p1", "")),
              TableLog::KeyOf(Row("multicast", "239.0.0.1", "", "p1", "")));
    // Where an FDB entry points to is no part of its key.
    EXPECT_EQ(TableLog::KeyOf(Row("bridge-fdb", "", "", "p1", "m1")),
              TableLog::KeyOf(Row("bridge-fdb", "", "", "p2", "m1")));
}

TEST(TablesCsv, OneChangeIsOneRow)
{
    TableLog log;
    log.Add(Fdb(milliseconds(1500) + TimeNs(1), "host1", "add", "m1", "10.0.0.2"));
    EXPECT_EQ(TablesCsv(log),
              HEADER + "1.500000001,host1,vtep-fdb,add,learned,864,m1,,,10.0.0.2,,\n");
}

TEST(TablesCsv, ReadsBackWhatItWrote)
{
    std::mt19937_64 random(864);
    static constexpr std::string_view PIECES[] = {"a", ",", "\"", "\n", "\"\"", "0", " ", "é", ";"};
    for (int round = 0; round < 50; ++round)
    {
        TableLog log;
        TimeNs time{0};
        for (int row = 0; row < 20; ++row)
        {
            time += TimeNs(random() % 3'000'000'000);
            TableRecord r = Fdb(time, "", row % 3 ? "add" : "remove", "", "");
            for (std::string* cell :
                 {&r.node, &r.table, &r.cause, &r.domain, &r.mac, &r.address, &r.port, &r.text})
            {
                cell->clear();
                for (std::size_t n = random() % 4; n > 0; --n)
                {
                    *cell += PIECES[random() % std::size(PIECES)];
                }
            }
            log.Add(r);
        }
        const std::string text = TablesCsv(log);
        const TableLog back = ReadTablesCsv(text);
        ASSERT_EQ(back.Records().size(), log.Records().size());
        ASSERT_EQ(back.Records().back().time, time);
        ASSERT_EQ(TablesCsv(back), text);
    }
}

TEST(TablesCsv, EmptyHistory)
{
    EXPECT_EQ(ReadTablesCsv(TablesCsv({})).Records().size(), 0u);
}

/// What is wrong, as said to the reader.
std::string
Fault(const std::string& text)
{
    try
    {
        ReadTablesCsv(text);
    }
    catch (const std::invalid_argument& problem)
    {
        return problem.what();
    }
    return "none";
}

TEST(TablesCsv, EveryDamageIsNamedWithItsRow)
{
    const std::string row = "1,host1,vtep-fdb,add,learned,864,m1,,,10.0.0.2,,\n";
    EXPECT_EQ(Fault(HEADER + row), "none");
    EXPECT_THAT(Fault(""), HasSubstr("row 1: the header is not"));
    EXPECT_THAT(Fault("time,node\n"), HasSubstr("row 1: the header is not"));
    EXPECT_EQ(Fault(HEADER + row + "1,host1\n"), "row 3: 2 cells where there should be 12");
    EXPECT_EQ(Fault(HEADER + row.substr(0, row.size() - 1)),
              "row 2: the file breaks off in the middle of a row");
    EXPECT_EQ(Fault(HEADER + row + "2,host1,vtep-fdb,add,learned,864,m1,,,10.0"),
              "row 3: the file breaks off in the middle of a row");
    // The only line break left stands inside a quoted cell.
    EXPECT_EQ(Fault(HEADER + "1,\"ho\nst\",vtep-fdb,add,learned,864,m1,,,10.0.0.2,,"),
              "row 2: the file breaks off in the middle of a row");
    EXPECT_EQ(Fault(HEADER + "1,\"host1,vtep-fdb,add,learned,864,m1,,,10.0.0.2,,\n"),
              "row 2: a quoted cell does not end");
    for (const char* time : {"", "x", "-1", "1.0000000001", "1.5s", "1e3", "1.-5", "99999999999"})
    {
        EXPECT_EQ(Fault(HEADER + time + row.substr(1)),
                  std::string("row 2: '") + time + "' is not a time in seconds");
    }
    EXPECT_EQ(Fault(HEADER + row + "0.999999999" + row.substr(1)),
              "row 3: earlier than the row before");
    EXPECT_EQ(Fault(HEADER + "1,host1,vtep-fdb,put,learned,864,m1,,,10.0.0.2,,\n"),
              "row 2: 'put' is not add, update or remove");
}

TEST(TableText, ABlockForEachTableWithAgesAndAlignedColumns)
{
    TableLog log;
    log.Add(Fdb(seconds(1), "host1", "add", "00:50:56:00:00:01", "10.0.0.2"));
    log.Add(Fdb(seconds(2), "host1", "add", "00:50:56:00:00:02", "10.0.0.200"));
    TableRecord arp = Row("arp", "192.168.0.2", "", "", "00:50:56:00:00:02");
    arp.time = seconds(2);
    arp.node = "vm1";
    arp.text = "reachable";
    log.Add(arp);
    EXPECT_EQ(TableText(log.ContentsAt(milliseconds(2500)), milliseconds(2500)),
              "host1 vtep-fdb: 2 entries\n"
              "  VNI  MAC                remote VTEP  cause    since\n"
              "  864  00:50:56:00:00:01  10.0.0.2     learned  1 s (1.5 s ago)\n"
              "  864  00:50:56:00:00:02  10.0.0.200   learned  2 s (0.5 s ago)\n"
              "\n"
              "vm1 arp: 1 entry\n"
              "  address      MAC                state      cause     since\n"
              "  192.168.0.2  00:50:56:00:00:02  reachable  protocol  2 s (0.5 s ago)\n");
    EXPECT_EQ(TableText({}, seconds(1)), "");
}

TEST(TableText, EveryTableHasItsOwnColumns)
{
    const auto shown = [](TableRecord record) {
        TableLog log;
        log.Add(std::move(record));
        return TableText(log.ContentsAt(seconds(1)), seconds(1));
    };
    EXPECT_THAT(shown(Row("bridge-fdb", "", "", "vm1", "m1")), HasSubstr("m1   vm1"));
    EXPECT_THAT(shown(Row("groups", "239.0.3.96", "", "", "")), HasSubstr("239.0.3.96"));
    EXPECT_THAT(shown(Row("igmp", "239.0.3.96", "", "host1", "")),
                HasSubstr("239.0.3.96  *       host1  -"));
    EXPECT_THAT(shown(Row("multicast", "239.0.3.96", "10.0.0.1", "spine1", "")),
                HasSubstr("10.0.0.1  239.0.3.96  spine1    -"));
    TableRecord route = Row("routes", "10.0.0.0", "", "", "");
    route.domain = "24";
    route.text = "spine1 spine2";
    EXPECT_THAT(shown(route), HasSubstr("10.0.0.0/24  spine1 spine2"));
}

TEST(TableText, ChangesSayWhatCameChangedAndWent)
{
    const TableLog log = Sample();
    EXPECT_EQ(ChangesText(log.Changes(seconds(2), seconds(5))),
              "             3 s  host1  vtep-fdb  ~ m1 in 864 at 10.0.0.3 (learned)\n"
              "             4 s  host1  vtep-fdb  - m1 in 864 at 10.0.0.3 (aged)\n"
              "             5 s  host1  vtep-fdb  + m1 in 864 at 10.0.0.4 (learned)\n");
    EXPECT_THAT(ChangesText({Row("multicast", "239.0.0.1", "", "spine1", "")}),
                HasSubstr("+ (*, 239.0.0.1) in spine1 (protocol)"));
    EXPECT_THAT(ChangesText({Row("igmp", "239.0.0.1", "", "host1", "")}),
                HasSubstr("+ (*, 239.0.0.1) on port host1 (protocol)"));
    EXPECT_THAT(ChangesText({Row("arp", "10.0.0.1", "", "", "m1")}),
                HasSubstr("+ 10.0.0.1 is at m1 (protocol)"));
}

TEST(TableText, JsonEscapes)
{
    TableRecord row = Row("arp", "10.0.0.1", "", "", "m1");
    row.text = "a \"b\"\n";
    const std::string json = TableRowJson(row);
    EXPECT_THAT(json, HasSubstr("\"time_s\": 1"));
    EXPECT_THAT(json, HasSubstr(R"("text": "a \"b\"\n")"));
    EXPECT_EQ(json.back(), '}');
}

TEST(FrameColumns, NamesLeadBackToColumns)
{
    for (std::size_t i = 0; i < FRAME_COLUMNS; ++i)
    {
        const auto column = static_cast<FrameColumn>(i);
        EXPECT_EQ(FindFrameColumn(ToString(column)), column);
    }
    EXPECT_FALSE(FindFrameColumn("size"));
    EXPECT_FALSE(FindFrameColumn(""));
}

TEST(OverlayFiles, FramesLinksAndVteps)
{
    OverlayRecord record;
    EXPECT_TRUE(record.Empty());
    const auto watched = record.AddWatchedLink("host1.uplink");
    const auto link = record.AddLink("leaf1.spine1");
    const auto vtep = record.AddVtep("host1");
    EXPECT_FALSE(record.Empty());
    FrameRecord frame;
    frame.time = TimeNs(5);
    frame.link = watched;
    frame.outward = false;
    frame.size = 92;
    frame[FrameColumn::EthSource] = "m1";
    frame[FrameColumn::Summary] = "ARP: who has 10.0.0.1, please";
    record.OnFrame(frame);
    LinkSample sample;
    sample.time = seconds(1);
    sample.link = link;
    sample.frames = 3;
    sample.bytes = 276;
    sample.drops = 1;
    sample.utilisation = 0.25;
    record.OnLink(sample);
    VtepSample bin;
    bin.vtep = vtep;
    bin.encapsulated = 1;
    bin.decapsulated = 2;
    bin.floodedFrames = 3;
    bin.floodedCopies = 4;
    bin.floodedBytes = 5;
    bin.learned = 6;
    bin.moved = 7;
    bin.aged = 8;
    bin.drops = 9;
    bin.fdbEntries = 10;
    record.OnVtep(bin);
    EXPECT_EQ(FramesCsv(record),
              "time_s,link,direction,size,eth_source,eth_destination,outer_vlan,source,destination,"
              "ttl,tos,df,fragment,protocol,source_port,destination_port,udp_checksum,"
              "encapsulation,vni,inner_source,inner_destination,inner_vlan,inner_kind,message,"
              "summary\n"
              "0.000000005,host1.uplink,in,92,m1,,,,,,,,,,,,,,,,,,,,"
              "\"ARP: who has 10.0.0.1, please\"\n");
    EXPECT_EQ(LinksCsv(record),
              "time_s,link,direction,frames,bytes,drops,utilisation\n"
              "1,leaf1.spine1,out,3,276,1,0.25\n");
    EXPECT_EQ(VtepsCsv(record),
              "time_s,vtep,encapsulated,decapsulated,flooded_frames,flooded_copies,flooded_bytes,"
              "learned,moved,aged,drops,fdb_entries\n"
              "0,host1,1,2,3,4,5,6,7,8,9,10\n");
}

} // namespace
} // namespace weft::engine
