// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-ou-jitter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace weft::underlay
{

OuJitter::OuJitter(const RandomStream& stream, TimeNs correlation)
    : m_stream(stream), m_grid(correlation / POINTS_PER_CORRELATION)
{
    if (m_grid < TimeNs{1})
    {
        throw std::invalid_argument("jitter correlation: " + std::to_string(correlation.count()) +
                                    " ns is shorter than " +
                                    std::to_string(POINTS_PER_CORRELATION) + " ns");
    }
    m_rho =
        std::exp(-static_cast<double>(m_grid.count()) / static_cast<double>(correlation.count()));
    m_innovation = std::sqrt(1 - m_rho * m_rho);
    m_value = m_stream.Normal(0);
    m_checkpoints.reserve(64);
    m_checkpoints.push_back(m_value);
}

double
OuJitter::At(TimeNs t)
{
    t = std::max(t, TimeNs{0});
    const auto index = static_cast<std::uint64_t>(t / m_grid);
    const double left = AtGrid(index);
    const double right = AtGrid(index + 1);
    return left + (right - left) * static_cast<double>((t % m_grid).count()) /
                      static_cast<double>(m_grid.count());
}

void
OuJitter::Seek(std::uint64_t index)
{
    if (index < m_index)
    {
        const std::uint64_t checkpoint =
            std::min<std::uint64_t>(index / CHECKPOINT_POINTS, m_checkpoints.size() - 1);
        m_index = checkpoint * CHECKPOINT_POINTS;
        m_value = m_checkpoints[checkpoint];
        m_hasPrevious = false;
    }
    while (m_index < index)
    {
        ++m_index;
        m_previous = m_value;
        m_hasPrevious = true;
        m_value = m_rho * m_value + m_innovation * m_stream.Normal(m_index);
        if (m_index == m_checkpoints.size() * CHECKPOINT_POINTS)
        {
            m_checkpoints.push_back(m_value);
        }
    }
}

} // namespace weft::underlay
