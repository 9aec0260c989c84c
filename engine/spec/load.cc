// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/load.h"

#include "engine/spec/bind.h"
#include "engine/spec/expand.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace weft::spec
{

namespace
{

/// Larger than any scenario; a mistaken file name is not read to its end.
constexpr std::size_t LARGEST_FILE = 64 << 20;

/// Reads a file or, for "-", standard input. @return what went wrong, empty when all is well
std::string
ReadFile(const std::string& file, std::string& text)
{
    std::error_code code;
    if (file != "-" && std::filesystem::is_directory(file, code))
    {
        return "is a directory";
    }
    const auto close = [](std::FILE* f) {
        if (f != stdin)
        {
            std::fclose(f);
        }
    };
    std::unique_ptr<std::FILE, decltype(close)> in(
        file == "-" ? stdin : std::fopen(file.c_str(), "rb"), close);
    if (!in)
    {
        return std::strerror(errno);
    }
    std::array<char, 1 << 16> buffer;
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), in.get()))
    {
        text.append(buffer.data(), count);
        if (text.size() > LARGEST_FILE)
        {
            return "is larger than any scenario";
        }
    }
    return std::ferror(in.get()) ? "cannot be read" : "";
}

std::string
Digest(const std::string& text)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    return fmt::format("{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
}

/// Applies the overrides of a variant to a tree. @return these
std::vector<std::string>
ApplyVariant(Node& root, const std::string& variant, Diagnostics& diagnostics)
{
    std::vector<std::string> applied;
    if (variant.empty() || variant == "base")
    {
        return applied;
    }
    const auto* variants = root.Find("variants");
    const auto* chosen = variants ? variants->Find(variant) : nullptr;
    if (!chosen)
    {
        std::vector<std::string> names{"base"};
        for (const auto& entry : variants ? variants->entries : std::vector<Node::Entry>{})
        {
            names.push_back(entry.key);
        }
        const auto source = diagnostics.AddSource("--variant", variant);
        auto& error = diagnostics.Error({source, 1, 1, variant.size()},
                                        fmt::format("no variant '{}'", variant),
                                        DidYouMean(variant, names));
        error.notes.push_back(ListNames("variants", names));
        return applied;
    }
    if (const auto* set = chosen->Find("set"))
    {
        for (const auto& entry : set->entries)
        {
            if (entry.node.kind == Node::Kind::Scalar)
            {
                applied.push_back(entry.node.text);
            }
        }
    }
    for (std::size_t i = 0; i < applied.size(); ++i)
    {
        ApplyOverride(root, applied[i], fmt::format("variants.{}.set.{}", variant, i), diagnostics);
    }
    return applied;
}

} // namespace

LoadResult
ParseScenario(const std::string& file,
              std::string text,
              const std::vector<std::string>& overrides,
              const std::string& variant)
{
    LoadResult result;
    result.text = std::move(text);
    auto& diagnostics = result.diagnostics;
    const auto source = diagnostics.AddSource(file, result.text);
    auto root = ReadDocument(result.text, source, diagnostics);
    if (root)
    {
        // What changes the variants themselves comes before one of them is applied.
        const auto ofVariants = [](const std::string& text) {
            return text.starts_with("variants");
        };
        const auto apply = [&](bool first) {
            for (std::size_t i = 0; i < overrides.size(); ++i)
            {
                if (ofVariants(overrides[i]) == first)
                {
                    ApplyOverride(
                        *root, overrides[i], fmt::format("--set #{}", i + 1), diagnostics);
                }
            }
        };
        apply(true);
        auto applied = ApplyVariant(*root, variant, diagnostics);
        apply(false);
        applied.insert(applied.end(), overrides.begin(), overrides.end());
        CheckDocument(*root, diagnostics);
        ExpandCounts(*root, diagnostics);
        Binding binding{.scenario = {}, .root = View(&*root, ""), .diagnostics = diagnostics};
        binding.scenario.variant = variant.empty() ? "base" : variant;
        BindGeneral(binding);
        BindTopology(binding);
        BindFabric(binding);
        BindOverlay(binding);
        BindMachines(binding);
        CheckOverlay(binding);
        BindRecord(binding);
        BindPolicy(binding);
        BindTraffic(binding);
        BindEvents(binding);
        BindExpectations(binding);
        if (diagnostics.Errors() == 0)
        {
            result.scenario = std::move(binding.scenario);
            result.scenario->file = file;
            result.scenario->overrides = applied;
            result.scenario->digest = Digest(CanonicalText(*result.scenario));
        }
    }
    diagnostics.Sort();
    return result;
}

LoadResult
LoadScenario(const std::string& file,
             const std::vector<std::string>& overrides,
             const std::string& variant)
{
    std::string text;
    if (const auto wrong = ReadFile(file, text); !wrong.empty())
    {
        LoadResult result;
        const auto source = result.diagnostics.AddSource(file, "");
        result.diagnostics.Error({source, 0, 0, 1}, wrong);
        return result;
    }
    return ParseScenario(file == "-" ? "<stdin>" : file, std::move(text), overrides, variant);
}

} // namespace weft::spec
