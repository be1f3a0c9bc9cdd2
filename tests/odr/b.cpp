// SPDX-License-Identifier: BSL-1.0
#include <upset/upset.hpp>

const void* address_of_name_in_b();
const void* address_of_function_in_b();

const void* address_of_name_in_b() { return &upset::is_wide_word<upset::WideWord<128>>; }

const void* address_of_function_in_b() {
  using FlipBit = std::uint32_t (*)(std::uint32_t, int);
  return reinterpret_cast<const void*>(static_cast<FlipBit>(&upset::flip_bit<std::uint32_t>));
}
