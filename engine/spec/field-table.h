// SPDX-License-Identifier: GPL-2.0-only
/** @file The parts of the field table, each with the keys of one theme. */
#ifndef WEFT_SPEC_FIELD_TABLE_H
#define WEFT_SPEC_FIELD_TABLE_H

#include "engine/spec/field.h"

namespace weft::spec
{

std::span<const Field> GeneralFields();
std::span<const Field> FabricFields();
std::span<const Field> OverlayFields();
std::span<const Field> TrafficFields();
std::span<const Field> ExpectFields();

} // namespace weft::spec

#endif
