// Apart from the filters, for those who read patches and play none.
#include <array>

#include "surge/filters/filter.h"

namespace synthrl::surge {

namespace {

constexpr std::array<int, kNumFilterTypes> kNumSubtypes = {
    0,  3,  3, 4, 3, 3, 5, 2, 2, 0,  6, 2, 5, 5, 5, 4,  12, 12,
    12, 12, 2, 2, 2, 3, 2, 2, 0, 12, 8, 8, 8, 8, 8, 12, 9,  15,
};

}  // namespace

int num_filter_subtypes(FilterType type) { return kNumSubtypes[static_cast<std::size_t>(type)]; }

}  // namespace synthrl::surge
