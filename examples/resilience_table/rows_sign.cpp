// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "make_row.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

namespace {

bool is_inner(std::string_view layer) {
  return layer == "conv2" || layer == "dense1" || layer == "dense2";
}

template <Format W, Format A = W>
Row centred_row(std::string format, std::string protection) {
  Row row = make_row<W, A>(std::move(format), std::move(protection), Training::fine_tuned);
  row.centred = true;
  row.epochs = 2.0 / 8;  // a coarser step takes longer to get used to
  return row;
}

template <Format W, Format A = W>
Row binary_row(std::string protection) {
  Row row = make_row<W, A>("Binary", std::move(protection), Training::scratch);
  row.epochs = 5.0 / 8;
  row.build = [](const Network& net) { return convert<W, A>(net, is_inner); };
  row.architecture = [](const Shape& input, std::size_t classes) {
    return lenet5_binary(input, classes);
  };
  return row;
}

}  // namespace

std::vector<Row> sign_rows() {
  return {
      centred_row<MultiLevelBinary<4>>("MultiLevelBinary<4>", "none"),
      centred_row<Mono<5>>("Mono<5>", "none"),
      centred_row<Mono<8>>("Mono<8>", "none"),
      centred_row<ParityGuarded<Mono<8>, std::uint64_t>>("Mono<8>", "parity/64"),
      binary_row<Binary>("none"),
  };
}
