// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/document.h"

#include "engine/spec/utf8.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace weft::spec
{

namespace
{

/// Aliases of aliases grow a document exponentially; no scenario is as large as this.
constexpr std::size_t MOST_NODES = 500'000;

std::vector<std::string_view>
SplitLines(std::string_view text)
{
    std::vector<std::string_view> lines;
    while (!text.empty())
    {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return lines;
}

std::size_t
CountNodes(const Node& node)
{
    std::size_t count = 1;
    for (const auto& entry : node.entries)
    {
        count += CountNodes(entry.node);
    }
    return count;
}

/// Builds the tree from the parser's events.
class TreeBuilder : public YAML::EventHandler
{
  public:
    TreeBuilder(std::string_view text, std::size_t source, Diagnostics& diagnostics)
        : m_lines(SplitLines(text)), m_source(source), m_diagnostics(diagnostics)
    {
    }

    /// Nothing can follow: the document is too large.
    struct TooLarge
    {
        Span span;
    };

    std::optional<Node> root;

    Span
    At(const YAML::Mark& mark, std::size_t length = 1) const
    {
        return {m_source,
                static_cast<std::size_t>(std::max(mark.line, 0)) + 1,
                static_cast<std::size_t>(std::max(mark.column, 0)) + 1,
                std::max<std::size_t>(length, 1)};
    }

    void
    OnDocumentStart(const YAML::Mark&) override
    {
    }

    void
    OnDocumentEnd() override
    {
    }

    void
    OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        // The parser reports an empty value and a written "null" alike; an empty one carries the
        // position of whatever follows.
        Node node;
        node.span = At(mark);
        const auto rest = Rest(node.span);
        for (std::string_view word : {"null", "Null", "NULL", "~"})
        {
            const auto after = rest.substr(0, word.size()) == word ? rest.substr(word.size()) : "x";
            if (after.empty() ||
                std::string_view(" ,}]#\r").find(after[0]) != std::string_view::npos)
            {
                node.kind = Node::Kind::Scalar;
                node.text = word;
                node.span.length = word.size();
            }
        }
        Add(std::move(node), anchor);
    }

    void
    OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto found = m_anchors.find(anchor);
        if (found == m_anchors.end())
        {
            m_diagnostics.Error(At(mark), "an alias inside the value that it stands for");
            Add(Node{.span = At(mark)}, 0);
            return;
        }
        Add(found->second, 0);
    }

    void
    OnScalar(const YAML::Mark& mark,
             const std::string& tag,
             YAML::anchor_t anchor,
             const std::string& value) override
    {
        Node node;
        node.kind = Node::Kind::Scalar;
        node.text = value;
        node.span = At(mark);
        node.quoted = tag == "!";
        node.span.length = ScalarLength(node);
        CheckTag(node.span, tag);
        Add(std::move(node), anchor);
    }

    void
    OnSequenceStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        Open(Node::Kind::List, mark, tag, anchor);
    }

    void
    OnSequenceEnd() override
    {
        Close();
    }

    void
    OnMapStart(const YAML::Mark& mark,
               const std::string& tag,
               YAML::anchor_t anchor,
               YAML::EmitterStyle::value) override
    {
        Open(Node::Kind::Map, mark, tag, anchor);
    }

    void
    OnMapEnd() override
    {
        Close();
    }

  private:
    /// A map or list under construction.
    struct Level
    {
        Node node;
        YAML::anchor_t anchor = 0;
        bool haveKey = false;  ///< maps: the next node is the value of key
        bool dropNext = false; ///< maps: the key was no good, nor is its value wanted
        std::string key;
        Span keySpan;
    };

    std::string_view
    Rest(const Span& span) const
    {
        if (span.line > m_lines.size())
        {
            return {};
        }
        const auto line = m_lines[span.line - 1];
        return line.substr(std::min(span.column - 1, line.size()));
    }

    std::size_t
    ScalarLength(const Node& node) const
    {
        const auto rest = Rest(node.span);
        if (rest.starts_with('"') || rest.starts_with('\''))
        {
            const auto end = rest.find(rest[0], 1);
            return end == std::string_view::npos ? 1 : end + 1;
        }
        return std::min(node.text.size(), rest.size());
    }

    void
    CheckTag(const Span& span, const std::string& tag)
    {
        if (!tag.empty() && tag != "?" && tag != "!")
        {
            m_diagnostics.Error(span, fmt::format("tag '{}': tags are not used in scenarios", tag));
        }
    }

    void
    Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor)
    {
        Level level;
        level.node.kind = kind;
        level.node.span = At(mark);
        level.anchor = anchor;
        CheckTag(level.node.span, tag);
        m_levels.push_back(std::move(level));
    }

    void
    Close()
    {
        auto level = std::move(m_levels.back());
        m_levels.pop_back();
        Add(std::move(level.node), level.anchor);
    }

    void
    Add(Node node, YAML::anchor_t anchor)
    {
        m_nodes += CountNodes(node);
        if (m_nodes > MOST_NODES * 8) // nodes are counted again at each level they are moved up
        {
            throw TooLarge{node.span};
        }
        node.name = node.span;
        if (anchor)
        {
            m_anchors[anchor] = node;
        }
        if (m_levels.empty())
        {
            root = std::move(node);
            return;
        }
        auto& level = m_levels.back();
        if (level.node.kind == Node::Kind::List)
        {
            level.node.entries.push_back({{}, node.span, std::move(node)});
        }
        else if (level.haveKey)
        {
            level.haveKey = false;
            if (!level.dropNext)
            {
                node.name = level.keySpan;
                level.node.entries.push_back({level.key, level.keySpan, std::move(node)});
            }
        }
        else
        {
            TakeKey(level, node);
        }
    }

    void
    TakeKey(Level& level, const Node& node)
    {
        level.haveKey = true;
        level.dropNext = true;
        level.keySpan = node.span;
        if (node.kind != Node::Kind::Scalar)
        {
            m_diagnostics.Error(node.span, "a key has to be a plain word");
            return;
        }
        level.key = node.text;
        if (level.key == "<<" && !node.quoted)
        {
            m_diagnostics.Error(node.span,
                                "merge keys ('<<') are not part of the format; repeat the keys, or "
                                "use an alias for the whole value");
            return;
        }
        for (const auto& entry : level.node.entries)
        {
            if (entry.key == level.key)
            {
                m_diagnostics.Error(node.span, fmt::format("duplicate key '{}'", level.key))
                    .notes.push_back(fmt::format("first given at line {}, column {}",
                                                 entry.keySpan.line,
                                                 entry.keySpan.column));
                return;
            }
        }
        level.dropNext = false;
    }

    std::vector<std::string_view> m_lines;
    std::size_t m_source;
    Diagnostics& m_diagnostics;
    std::vector<Level> m_levels;
    std::map<YAML::anchor_t, Node> m_anchors;
    std::size_t m_nodes = 0;
};

/// @return the position of a byte of the text
Span
SpanAt(std::string_view text, std::size_t offset, std::size_t source)
{
    const auto before = text.substr(0, offset);
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const auto start = before.rfind('\n');
    return {source, line, offset - (start == std::string_view::npos ? 0 : start + 1) + 1, 1};
}

/// @return the first tab in the indentation of the lines up to @p last (from 0)
std::optional<Span>
FindTab(std::string_view text, std::size_t source, int last)
{
    const auto lines = SplitLines(text);
    for (std::size_t i = 0; i < lines.size() && static_cast<int>(i) <= last; ++i)
    {
        const auto end = lines[i].find_first_not_of(" \t");
        const auto tab = lines[i].find('\t');
        if (tab < end && end != std::string_view::npos)
        {
            return Span{source, i + 1, tab + 1, 1};
        }
    }
    return std::nullopt;
}

/// Reports bytes that no text file holds. @return whether there are none
bool
CheckBytes(std::string_view text, std::size_t source, Diagnostics& diagnostics)
{
    const auto bad = FindBadUtf8(text);
    if (bad != std::string_view::npos)
    {
        diagnostics.Error(SpanAt(text, bad, source), "not UTF-8 text");
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool ending = c == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if ((c < 0x20 && c != '\n' && c != '\t' && !ending) || c == 0x7f)
        {
            diagnostics.Error(SpanAt(text, i, source), "control character");
            return false;
        }
    }
    return true;
}

} // namespace

const Node*
Node::Find(std::string_view key) const
{
    for (const auto& entry : entries)
    {
        if (entry.key == key)
        {
            return &entry.node;
        }
    }
    return nullptr;
}

Node*
Node::Find(std::string_view key)
{
    return const_cast<Node*>(static_cast<const Node*>(this)->Find(key));
}

std::optional<Node>
ReadDocument(std::string_view text, std::size_t source, Diagnostics& diagnostics)
{
    if (!CheckBytes(text, source, diagnostics))
    {
        return std::nullopt;
    }
    const auto before = diagnostics.Errors();
    TreeBuilder builder(text, source, diagnostics);
    try
    {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder))
        {
            diagnostics.Error({source, 0, 0, 1}, "nothing in the file");
            return std::nullopt;
        }
        auto first = std::move(builder.root);
        TreeBuilder rest(text, source, diagnostics);
        if (parser.HandleNextDocument(rest) && rest.root)
        {
            diagnostics.Error(rest.root->span, "a second document; a scenario is one document");
        }
        builder.root = std::move(first);
    }
    catch (const YAML::Exception& e)
    {
        if (const auto tab = FindTab(text, source, e.mark.line); tab)
        {
            diagnostics.Error(*tab, "a tab cannot indent YAML; use spaces");
            return std::nullopt;
        }
        diagnostics.Error(e.mark.is_null() ? Span{source, 0, 0, 1} : builder.At(e.mark),
                          fmt::format("YAML: {}", e.msg));
        // A tree that ends at a syntax error would only report what stands below it as missing.
        return std::nullopt;
    }
    catch (const TreeBuilder::TooLarge& e)
    {
        diagnostics.Error(e.span, "aliases make the document too large");
        return std::nullopt;
    }
    if (builder.root && builder.root->kind == Node::Kind::Null && diagnostics.Errors() == before)
    {
        diagnostics.Error({source, 0, 0, 1}, "nothing in the file");
        return std::nullopt;
    }
    return std::move(builder.root);
}

} // namespace weft::spec
