// SPDX-License-Identifier: GPL-2.0-only
/** @file Runs the modules' ns-3 TestSuites; Debian's ns-3 ships the test library but no runner. */

#include "ns3/test.h"

int
main(int argc, char* argv[])
{
    return ns3::TestRunner::Run(argc, argv);
}
