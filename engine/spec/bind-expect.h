// SPDX-License-Identifier: GPL-2.0-only
/** @file Reads one expectation. */
#ifndef WEFT_SPEC_BIND_EXPECT_H
#define WEFT_SPEC_BIND_EXPECT_H

#include "engine/spec/bind.h"

namespace weft::spec
{

/**
 * Reads one expectation into its structure. Its name, kind and remark are there already, and so are
 * the names and kinds of all others. bind-expect.cc has what flows and Edges are asked,
 * bind-expect-fabric.cc what a fabric is asked, bind-window.cc the window.
 */
class ExpectationBinder
{
  public:
    ExpectationBinder(Binding& binding, const View& view, Expectation& expectation)
        : m_binding(binding), m_scenario(binding.scenario), m_view(view), m_e(expectation)
    {
    }

    void Bind();

  private:
    void Error(std::string_view key, std::string message);
    const Flow& FlowOf() const;
    void BindFlow();
    void NeedFlow();
    /// Checks that the flow passes Edges.
    bool NeedSites();
    /// Reads an optional bound of a dimension, and its range.
    void BindTolerance(Dimension dimension, double otherwise);
    /// Reads below and above. @param also another key that will do
    void BindBounds(std::string_view verb, std::string_view also = {});
    /// Reads count, at_least and at_most.
    void BindCounts();
    bool NeedFabric(std::string_view verb);
    void BindOutage();
    void BindTable();
    /// Checks that a node of that kind has such a table.
    void CheckTableOf();
    void BindFrames();
    void BindCounter();
    void BindBalance();
    void RefuseTcp(std::string_view key);
    void BindDecision(std::string_view verb);
    /// Reads the name of one of an Edge's own links.
    std::optional<std::string> BindLinkOf(Index site, std::string_view key);
    void BindFollows();
    void BindMetric();
    /// Checks that round trips are asked of pings, and nothing else but loss.
    void CheckPing(Metric metric);
    std::optional<double> BindBound(std::string_view key);
    void BindWindow();
    /// Checks what is known of the window before the run.
    void CheckWindow();
    std::optional<Moment> BindMoment(std::string_view key);

    Binding& m_binding;
    const Scenario& m_scenario;
    const View& m_view;
    Expectation& m_e;
};

} // namespace weft::spec

#endif
