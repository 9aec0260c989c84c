// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

namespace weft::spec
{

void
BindGeneral(Binding& binding)
{
    auto& scenario = binding.scenario;
    const auto& root = binding.root;
    scenario.name = root.Text("scenario").value_or("");
    scenario.about = About(root);
    scenario.duration = root.Time("duration").value_or(Duration{0});
    scenario.seed = static_cast<std::uint64_t>(root.Integer("seed").value_or(1));
    const auto record = root.Sub("record");
    scenario.record.interval = record.Time("interval").value_or(Duration{0});
    scenario.record.capture = record.Toggle("capture").value_or(false);
    for (const auto& [name, view] : root.Entries("variants"))
    {
        scenario.variants.push_back({name, About(view), view.Names("set")});
        if (name == "base")
        {
            binding.diagnostics.Error(view.Where(""), "'base' is the file as it stands");
        }
    }
    const auto tunnels = root.Sub("tunnels");
    scenario.tunnels.cipher = tunnels.Choice<Cipher>("cipher").value_or(Cipher::Aes128Gcm);
    scenario.tunnels.rekey = tunnels.Time("rekey").value_or(Duration{0});
    scenario.tunnels.probe = tunnels.Time("probe").value_or(Duration{0});
    scenario.tunnels.idleProbe = tunnels.Time("idle_probe").value_or(Duration{0});
    scenario.tunnels.idleAfter = tunnels.Time("idle_after").value_or(Duration{0});
    if (scenario.tunnels.idleProbe < scenario.tunnels.probe)
    {
        binding.diagnostics.Error(
            tunnels.ValueSpan(tunnels.Has("idle_probe") ? "idle_probe" : "probe"),
            "idle paths are not probed more often than others: 'idle_probe' is "
            "at least 'probe'");
    }
}

} // namespace weft::spec
