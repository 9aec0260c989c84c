// SPDX-License-Identifier: GPL-2.0-only
/** @file An independent decoder reads what crossed the simulated wire. Not run where tshark is
 * missing. */
#include "scenario/runner.h"

namespace weft::testing
{

namespace
{

std::string
Tshark(const fs::path& capture, const std::string& arguments)
{
    return support::Shell("tshark -r '" + capture.string() + "' -o ip.check_checksum:TRUE " +
                          arguments + " 2>/dev/null")
        .text;
}

std::size_t
Lines(const std::string& text)
{
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST(Capture, TsharkDecodesEveryOuterPacket)
{
    if (std::system("command -v tshark >/dev/null 2>&1") != 0)
    {
        GTEST_SKIP() << "not run: tshark is not installed";
    }
    const Workspace here;
    const Result run = RunWeft(here,
                               {"run",
                                (SCENARIOS / "globalco" / "teams-call.weft.yaml").string(),
                                "--no-report",
                                "--quiet",
                                "--set",
                                "record.capture=true"});
    ASSERT_EQ(run.code, 0) << run.out << run.err;
    const fs::path capture = Find(here.Path() / "results", "capture.pcapng").at(0);
    const std::size_t all = Lines(Tshark(capture, "-T fields -e frame.number"));
    EXPECT_GT(all, 20000u);
    EXPECT_EQ(Lines(Tshark(capture, "-Y 'ip && udp.dstport == 2426 && udp.srcport == 2426'")), all);
    EXPECT_EQ(Lines(Tshark(capture, "-Y '_ws.malformed || ip.checksum.status == 0'")), 0u);
    EXPECT_EQ(Lines(Tshark(capture, "-Y 'ip.flags.df == 0'")), 0u)
        << "the outer packet is marked DF";
    // A voice packet: 20 + 8 outer, 16 VCMP, 20 + 8 inner, 120 voice, 16 tag; marked EF.
    const std::string voice =
        Tshark(capture, "-Y 'ip.len == 208' -T fields -e ip.dsfield.dscp | sort | uniq");
    EXPECT_EQ(voice, "46\n");
    EXPECT_NE(
        Tshark(capture, "-T fields -e frame.interface_name | sort -u").find("bristol.broadband"),
        std::string::npos);
    EXPECT_GT(Lines(Tshark(capture, "-Y 'frame.comment contains \"copy\"'")), 50u);
}

TEST(Capture, TsharkDecodesEveryFrameOfAFabric)
{
    if (std::system("command -v tshark >/dev/null 2>&1") != 0)
    {
        GTEST_SKIP() << "not run: tshark is not installed";
    }
    struct Case
    {
        std::string file;
        std::string variant;
        std::string filter; ///< of frames that have to be there
        std::size_t least;
    };
    for (const Case& it : {Case{"lessons/vni-864",
                                "base",
                                "vxlan.vni == 864 && ip.dst == 239.0.3.96 && udp.checksum == 0 && "
                                "udp.dstport == 4789 && arp.opcode == 1",
                                1},
                           Case{"lessons/packets-day", "nvgre", "gre && icmp", 4},
                           Case{"lessons/packets-day", "vxlan-over-ipv6", "ipv6 && vxlan", 4},
                           Case{"vxlan/pim", "base", "pim.type == 0", 6},
                           Case{"vxlan/pim", "igmp-v2", "igmp.version == 2", 3},
                           Case{"vxlan/vrrp-failover", "base", "vrrp.virt_rtr_id == 10", 10}})
    {
        const Workspace here;
        std::vector<std::string> arguments{"run",
                                           (SCENARIOS / (it.file + ".weft.yaml")).string(),
                                           "--no-report",
                                           "--quiet",
                                           "--set",
                                           "record.capture=on",
                                           "--set",
                                           "record.frames=all"};
        if (it.variant != "base")
        {
            arguments.insert(arguments.end(), {"--variant", it.variant});
        }
        const Result run = RunWeft(here, arguments);
        ASSERT_EQ(run.code, 0) << it.file << run.out << run.err;
        const fs::path capture = Find(here.Path() / "results", "capture.pcapng").at(0);
        EXPECT_GE(Lines(Tshark(capture, "-Y '" + it.filter + "'")), it.least)
            << it.file << " " << it.variant;
        EXPECT_EQ(Lines(Tshark(capture, "-Y '_ws.malformed || ip.checksum.status == 0'")), 0u)
            << it.file << " " << it.variant;
    }
}

} // namespace weft::testing
