// SPDX-License-Identifier: BSL-1.0
/// The bits of a memory image without what they hold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/tensor/memory_image.hpp>

namespace upset {

/// Numbers and names bits as the image it is made from, which need not exist any longer: what a
/// layer reads is gone when the layer is done. A fault space over blank images draws, divides and
/// names faults; reading or flipping one throws `Error`.
class BlankImage final : public MemoryImage {
 public:
  /// `with_scales`: else the bits of the words alone.
  explicit BlankImage(const MemoryImage& image, bool with_scales = true)
      : format_(image.format_name()), layout_(image.layout()) {
    if (!with_scales) {
      layout_.scales = 0;
    }
    for (int bit = 0; bit < layout_.word_bits; ++bit) {
      roles_.push_back(image.word_role(bit));
    }
  }

  [[nodiscard]] std::string_view format_name() const override { return format_; }
  [[nodiscard]] ImageLayout layout() const override { return layout_; }
  [[nodiscard]] BitRole word_role(int word_bit) const override {
    return roles_[static_cast<std::size_t>(word_bit)];
  }
  [[nodiscard]] bool test(std::uint64_t /*bit*/) const override { refuse(); }
  void flip(std::uint64_t /*bit*/) override { refuse(); }
  [[nodiscard]] Check check(std::uint64_t /*bit*/) const override { refuse(); }
  void decode(std::span<float> /*values*/) const override { refuse(); }

 private:
  [[noreturn]] static void refuse() {
    throw Error("A blank memory image holds no values; use that of a network");
  }

  std::string format_;
  ImageLayout layout_;
  std::vector<BitRole> roles_{};
};

}  // namespace upset
