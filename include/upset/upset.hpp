// SPDX-License-Identifier: BSL-1.0
/// Everything that needs the standard library alone: formats, guards, tensors, layers, networks.
#pragma once

#include <upset/core/bits.hpp>
#include <upset/core/error.hpp>
#include <upset/core/name.hpp>
#include <upset/format/concepts.hpp>
