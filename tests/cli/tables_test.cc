// SPDX-License-Identifier: GPL-2.0-only
/** @file `weft tables` over a hand-made run: contents at any time, changes, filters, faults, JSON.
 */

#include "support/workspace.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>

namespace
{

namespace fs = std::filesystem;
using weft::support::Has;
using weft::support::ReadAll;

const std::string HEADER =
    "time_s,node,table,op,cause,domain,mac,address,source,remote,port,text\n";
const std::string ROWS = "1,host1,vtep-fdb,add,learned,864,00:50:56:00:00:02,,,10.1.2.10,,\n"
                         "1,host1,bridge-fdb,add,learned,864,00:50:56:00:00:02,,,,tunnel,\n"
                         "1.5,vm1,arp,add,learned,,00:50:56:00:00:02,192.168.0.2,,,,reachable\n"
                         "4,host1,vtep-fdb,update,moved,864,00:50:56:00:00:02,,,10.1.3.10,,\n"
                         "9,host1,vtep-fdb,remove,aged,864,00:50:56:00:00:02,,,10.1.3.10,,\n";

/// What a command printed and returned.
struct Outcome
{
    int code = -1;
    std::string out;
    std::string err;
};

class Tables : public testing::Test
{
  protected:
    Tables()
    {
        fs::create_directory(m_folder / "run");
        m_workspace.Write("run/run.json", "{}\n");
        m_workspace.Write("run/tables.csv", HEADER + ROWS);
    }

    Outcome
    Weft(const std::string& arguments) const
    {
        const auto command = "cd '" + m_folder.string() + "' && '" + WEFT_BINARY_DIR +
                             "/bin/weft-cli' tables " + arguments + " >out 2>err";
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                ReadAll(m_folder / "out"),
                ReadAll(m_folder / "err")};
    }

    /// Expects a refusal: exit code 2, nothing on stdout, the words on stderr.
    void
    Refused(const std::string& arguments, const std::string& words) const
    {
        const Outcome o = Weft(arguments);
        EXPECT_EQ(o.code, 2) << arguments;
        EXPECT_EQ(o.out, "") << arguments;
        EXPECT_TRUE(Has(o.err, words)) << o.err;
    }

    weft::support::Workspace m_workspace;
    const fs::path m_folder = m_workspace.Path();
};

TEST_F(Tables, AtTheEndByDefaultWithTheLastStep)
{
    const Outcome o = Weft("run");
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.err, "");
    EXPECT_EQ(
        o.out,
        "host1 bridge-fdb: 1 entry\n"
        "  network  MAC                port    cause    since\n"
        "  864      00:50:56:00:00:02  tunnel  learned  1 s (8 s ago)\n"
        "\n"
        "vm1 arp: 1 entry\n"
        "  address      MAC                state      cause    since\n"
        "  192.168.0.2  00:50:56:00:00:02  reachable  learned  1.5 s (7.5 s ago)\n"
        "\n"
        "the last step:\n"
        "             9 s  host1  vtep-fdb  - 00:50:56:00:00:02 in 864 at 10.1.3.10 (aged)\n");
}

TEST_F(Tables, AtAnInstant)
{
    Outcome o = Weft("run --at 4s --table vtep-fdb");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(
        o.out,
        "host1 vtep-fdb: 1 entry\n"
        "  VNI  MAC                remote VTEP  cause  since\n"
        "  864  00:50:56:00:00:02  10.1.3.10    moved  4 s (0 s ago)\n"
        "\n"
        "the last step:\n"
        "             4 s  host1  vtep-fdb  ~ 00:50:56:00:00:02 in 864 at 10.1.3.10 (moved)\n");
    o = Weft("run --at 3999ms --table vtep-fdb");
    EXPECT_TRUE(Has(o.out, "10.1.2.10    learned  1 s (2.999 s ago)")) << o.out;
    EXPECT_FALSE(Has(o.out, "10.1.3.10"));
    o = Weft("run --at 500ms");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "no entries\n");
}

TEST_F(Tables, ChangesSinceAnInstantThatOneLeftOut)
{
    const Outcome o = Weft("run --at 4s --since 1s");
    EXPECT_EQ(o.code, 0);
    const std::string changes = o.out.substr(o.out.find("changes since then:"));
    EXPECT_EQ(
        changes,
        "changes since then:\n"
        "           1.5 s  vm1  arp  + 192.168.0.2 is at 00:50:56:00:00:02, reachable "
        "(learned)\n"
        "             4 s  host1  vtep-fdb  ~ 00:50:56:00:00:02 in 864 at 10.1.3.10 (moved)\n");
    EXPECT_FALSE(Has(Weft("run --at 4s --since 4s").out, "changes")) << "none";
}

TEST_F(Tables, OneNodeOneTable)
{
    const Outcome o = Weft("run --node vm1");
    EXPECT_TRUE(Has(o.out, "vm1 arp: 1 entry"));
    EXPECT_FALSE(Has(o.out, "host1"));
    EXPECT_FALSE(Has(Weft("run --table bridge-fdb").out, "arp"));
    Refused("run --node vm11",
            "--node vm11: nothing was recorded under that name; did you mean 'vm1'?");
    Refused("run --table vtep", "--table vtep: nothing was recorded under that name");
    Refused("run --table bridge-fbd", "did you mean 'bridge-fdb'?");
}

TEST_F(Tables, Refusals)
{
    Refused("", "missing run folder");
    Refused("nowhere", "'nowhere' is not the folder of a finished run: it has no run.json");
    Refused("run --at 5", "--at 5: ");
    Refused("run --at soon", "--at soon: ");
    Refused("run --since 3m/s", "--since 3m/s: ");
    fs::remove(m_folder / "run/tables.csv");
    Refused("run", "'run' has no tables.csv: the scenario has no fabric, or was run with");
}

TEST_F(Tables, DamageIsNamedWithFileAndRow)
{
    m_workspace.Write("run/tables.csv", HEADER + ROWS + "10,host1,vtep-fdb,add\n");
    Refused("run", "run/tables.csv: row 7: 4 cells where there should be 12");
    m_workspace.Write("run/tables.csv", HEADER + ROWS + "8" + ROWS.substr(1));
    Refused("run", "run/tables.csv: row 7: earlier than the row before");
    m_workspace.Write("run/tables.csv", "");
    Refused("run", "run/tables.csv: row 1: the header is not");
}

TEST_F(Tables, JsonIsValidAndComplete)
{
    const Outcome o = Weft("run --json --at 4s --since 1s");
    EXPECT_EQ(o.code, 0) << o.err;
    std::ofstream(m_folder / "check.py")
        << "import json, sys\n"
           "found = json.load(open('out'))\n"
           "assert len(found['entries']) == 3 and len(found['changes']) == 2, found\n"
           "fdb = [e for e in found['entries'] if e['table'] == 'vtep-fdb']\n"
           "assert fdb == [{'time_s': 4, 'node': 'host1', 'table': 'vtep-fdb', 'op': 'update', "
           "'cause': 'moved',\n"
           "    'domain': '864', 'mac': '00:50:56:00:00:02', 'address': '', 'source': '', "
           "'remote': '10.1.3.10',\n"
           "    'port': '', 'text': ''}], fdb\n";
    const auto checked =
        weft::support::Shell("cd '" + m_folder.string() + "' && /usr/bin/python3 check.py 2>&1");
    EXPECT_EQ(checked.code, 0) << checked.text << o.out;
    // Empty is valid as well.
    Weft("run --json --at 1ms");
    EXPECT_EQ(
        weft::support::Shell("cd '" + m_folder.string() +
                             "' && /usr/bin/python3 -c \"import json; assert "
                             "json.load(open('out')) == {'entries': [], 'changes': []}\" 2>&1")
            .code,
        0);
}

TEST_F(Tables, AHistoryWithoutRows)
{
    m_workspace.Write("run/tables.csv", HEADER);
    const Outcome o = Weft("run");
    EXPECT_EQ(o.code, 0);
    EXPECT_EQ(o.out, "no entries\n");
}

} // namespace
