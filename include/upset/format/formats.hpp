// SPDX-License-Identifier: BSL-1.0
/// Every number format.
#pragma once

#include <upset/format/bfloat16.hpp>
#include <upset/format/binary.hpp>
#include <upset/format/bit_access.hpp>
#include <upset/format/fixed.hpp>
#include <upset/format/float16.hpp>
#include <upset/format/float32.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/format/minifloat.hpp>
#include <upset/format/mono.hpp>
#include <upset/format/multi_level_binary.hpp>
#include <upset/format/quantize.hpp>
