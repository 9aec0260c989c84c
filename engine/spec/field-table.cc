// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/field-table.h"

#include <unordered_map>

namespace weft::spec
{

std::span<const Field>
Fields()
{
    static const auto table = [] {
        std::vector<Field> all;
        for (const auto part :
             {GeneralFields(), FabricFields(), OverlayFields(), TrafficFields(), ExpectFields()})
        {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return table;
}

const Field*
FindField(std::string_view path)
{
    static const auto index = [] {
        std::unordered_map<std::string_view, const Field*> byPath;
        for (const auto& field : Fields())
        {
            byPath.emplace(field.path, &field);
        }
        return byPath;
    }();
    const auto found = index.find(path);
    return found == index.end() ? nullptr : found->second;
}

} // namespace weft::spec
