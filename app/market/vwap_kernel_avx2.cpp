// Compiled with AVX2 and FMA. Includes nothing whose inline functions could end up, in this
// form, in code for other processors.

#include <immintrin.h>

#include "app/market/vwap_kernel.hpp"

namespace tapeline::market {

namespace {

struct Accumulators {
  __m256d notional;
  __m256d errors;
  __m256d shares;
  __m256d low;
  __m256d high;
};

// Rows that do not exist have price and shares 0 and leave the sums as they are.
inline void add_rows(Accumulators& to, __m256d price, __m256d shares) noexcept {
  const __m256d product = price * shares;
  const __m256d product_error = _mm256_fmsub_pd(price, shares, product);
  const __m256d total = to.notional + product;
  const __m256d other = total - to.notional;
  const __m256d error = (to.notional - (total - other)) + (product - other);
  to.errors = (to.errors + error) + product_error;
  to.notional = total;
  to.shares = to.shares + shares;
}

inline void widen(Accumulators& to, __m256d price) noexcept {
  to.low = _mm256_blendv_pd(to.low, price, _mm256_cmp_pd(price, to.low, _CMP_LT_OQ));
  to.high = _mm256_blendv_pd(to.high, price, _mm256_cmp_pd(price, to.high, _CMP_GT_OQ));
}

}  // namespace

void fold_avx2(const double* prices, const double* shares, std::size_t rows,
               FoldLanes& lanes) noexcept {
  const __m256d infinity = _mm256_set1_pd(__builtin_inf());
  const __m256d zero = _mm256_setzero_pd();
  Accumulators sums{zero, zero, zero, infinity, -infinity};
  std::size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const __m256d price = _mm256_load_pd(prices + row);
    add_rows(sums, price, _mm256_load_pd(shares + row));
    widen(sums, price);
  }
  if (row < rows) {
    const auto left = static_cast<long long>(rows - row);
    const __m256i exists =
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(left), _mm256_set_epi64x(3, 2, 1, 0));
    const __m256d exists_pd = _mm256_castsi256_pd(exists);
    const __m256d price = _mm256_maskload_pd(prices + row, exists);
    add_rows(sums, price, _mm256_maskload_pd(shares + row, exists));
    Accumulators widened = sums;
    widen(widened, price);
    sums.low = _mm256_blendv_pd(sums.low, widened.low, exists_pd);
    sums.high = _mm256_blendv_pd(sums.high, widened.high, exists_pd);
  }
  _mm256_store_pd(lanes.notional, sums.notional);
  _mm256_store_pd(lanes.notional_errors, sums.errors);
  _mm256_store_pd(lanes.shares, sums.shares);
  _mm256_store_pd(lanes.low, sums.low);
  _mm256_store_pd(lanes.high, sums.high);
}

}  // namespace tapeline::market
