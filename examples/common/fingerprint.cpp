// SPDX-License-Identifier: BSL-1.0
#include "common/fingerprint.hpp"

#include <cstddef>
#include <vector>

#include <upset/core/fnv1a.hpp>

using namespace upset;

namespace {

class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes) {
    sum_ = detail::fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, sum_);
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) {
      text += "0123456789abcdef"[sum_ >> shift & 15];
    }
    return text;
  }

 private:
  std::uint64_t sum_ = detail::fnv1a("");
};

}  // namespace

std::string fingerprint_of_memory(Network& network) {
  Fingerprint fingerprint;
  for (const NamedImage& image : network.images()) {
    std::vector<float> values(image.image->layout().elements);
    image.image->decode(values);
    fingerprint.add(std::as_bytes(std::span(values)));
    std::vector<std::uint8_t> scales;
    for (std::uint64_t bit = image.image->layout().code_bits(); bit < image.image->bit_count();
         ++bit) {
      scales.push_back(image.image->test(bit) ? 1 : 0);
    }
    fingerprint.add(std::as_bytes(std::span(scales)));
  }
  return fingerprint.text();
}

std::string fingerprint_of_pictures(const Tensor& pictures, std::span<const std::uint16_t> labels) {
  Fingerprint fingerprint;
  fingerprint.add(std::as_bytes(std::span<const float>(pictures.values())));
  fingerprint.add(std::as_bytes(labels));
  return fingerprint.text();
}

std::string fingerprint_of_bits(std::span<const std::uint64_t> bits) {
  Fingerprint fingerprint;
  fingerprint.add(std::as_bytes(bits));
  return fingerprint.text();
}
