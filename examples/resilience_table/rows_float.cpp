// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "make_row.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Row> float_rows() {
  return {
      make_row<Float32>("Float32", "none"),
      make_row<ParityGuarded<Float32, std::uint32_t>>("Float32", "parity/weight"),
      make_row<ParityGuarded<Float32, std::uint64_t>>("Float32", "parity/64"),
      make_row<Secded<Float32, std::uint64_t>>("Float32", "SECDED/64"),
      make_row<BFloat16>("BFloat16", "none"),
      make_row<ParityGuarded<BFloat16, std::uint16_t>>("BFloat16", "parity/weight"),
      make_row<ParityGuarded<BFloat16, std::uint64_t>>("BFloat16", "parity/64"),
      make_row<Float16>("Float16", "none"),
  };
}
