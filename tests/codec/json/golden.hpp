#pragma once

// One document of each kind and venue, as the venues' documentation and recordings spell them.

#include <array>
#include <string_view>

#include "codec/json/document.hpp"

namespace tapeline::codec::json::test {

struct Golden {
  std::string_view name;
  Venue venue;
  Kind kind;
  std::string_view text;
};

// Coinbase Exchange

inline constexpr std::string_view kCoinbaseMatch =
    R"({"type":"match","trade_id":280232,"maker_order_id":"2a0da34e-61f7-4c36-88e5-c9dd15927b16","taker_order_id":"3c82abaa-c01e-4608-be59-6a1e69742891","side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"})";
inline constexpr std::string_view kCoinbaseLastMatch =
    R"({"type":"last_match","trade_id":1099995623,"maker_order_id":"7b0e4aeb-0000-4000-8000-000000000000","taker_order_id":"92906bb7-0000-4000-8000-000000000000","side":"sell","size":"0.00004104","price":"84140.83","product_id":"BTC-USD","sequence":136967652357,"time":"2026-09-29T13:45:58.116787Z"})";
inline constexpr std::string_view kCoinbaseTicker =
    R"({"type":"ticker","sequence":136967652357,"product_id":"BTC-USD","price":"84140.83","open_24h":"83629.9","volume_24h":"5667.41926850","low_24h":"83000","high_24h":"84500.01","volume_30d":"200000.1","best_bid":"84138.41","best_bid_size":"0.02880000","best_ask":"84146.91","best_ask_size":"0.00949200","side":"buy","time":"2026-09-29T13:45:58.116787Z","trade_id":1099995623,"last_size":"0.00004104"})";
inline constexpr std::string_view kCoinbaseOldTicker =
    R"({"type":"ticker","sequence":333938798,"product_id":"BAND-GBP","price":"14.7775","open_24h":"14.6647","volume_24h":"94381.28000000","low_24h":"14.3691","high_24h":"16.55","volume_30d":"2295579.57000000","best_bid":"14.7550","best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":881613,"last_size":"0.04"})";
inline constexpr std::string_view kCoinbaseHeartbeat =
    R"({"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28.464459Z"})";
inline constexpr std::string_view kCoinbaseSnapshot =
    R"({"type":"snapshot","product_id":"BAND-GBP","asks":[["14.8024","12.77"],["14.8069","12.49"]],"bids":[["14.7551","3.10"]]})";
inline constexpr std::string_view kCoinbaseUpdate =
    R"({"type":"l2update","product_id":"ETH-USD","changes":[["buy","1872.79","0.00000000"],["sell","1872.29","0.99689463"]],"time":"2021-04-17T16:43:37.075687Z"})";
inline constexpr std::string_view kCoinbaseSubscriptions =
    R"({"type":"subscriptions","channels":[{"name":"level2","product_ids":["BAND-GBP","SKL-USD"]}]})";
inline constexpr std::string_view kCoinbaseSubscribe =
    R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches","heartbeat"]})";
inline constexpr std::string_view kCoinbaseError =
    R"({"type":"error","message":"Failed to subscribe","reason":"XXX-USD is not a valid product"})";
inline constexpr std::string_view kCoinbaseStatus =
    R"({"type":"status","products":[{"id":"BTC-USD","status":"online"}],"currencies":[]})";
inline constexpr std::string_view kCoinbaseOpen =
    R"({"type":"open","time":"2014-11-07T08:19:27.028459Z","product_id":"BTC-USD","sequence":10,"order_id":"d50ec984-77a8-460a-b958-66f114b0de9b","price":"200.2","remaining_size":"1.00","side":"sell"})";
inline constexpr std::string_view kCoinbaseRestBook =
    R"({"bids":[["6247.58","6.3578146",2]],"asks":[["6251.52","2",1]],"sequence":71591801,"auction_mode":false,"time":"2023-02-10T15:56:41.736163Z"})";
inline constexpr std::string_view kCoinbaseProducts =
    R"([{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01"}])";

// Binance

inline constexpr std::string_view kBinanceTrade =
    R"({"e":"trade","E":1782030435506,"s":"BTCUSDT","t":6427631900,"p":"64060.00000000","q":"0.00033000","T":1782030435507,"m":false,"M":true})";
inline constexpr std::string_view kBinanceOldTrade =
    R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","b":88,"a":50,"T":1672515782136,"m":true,"M":true}})";
inline constexpr std::string_view kBinanceMicrosecondTrade =
    R"({"e":"trade","E":1782030435506123,"s":"BTCUSDT","t":6427631900,"p":"64060.00","q":"0.00033","T":1782030435506001,"m":false,"M":true})";
inline constexpr std::string_view kBinanceAggTrade =
    R"({"stream":"nknusdt@aggTrade","data":{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,"p":"0.35280000","q":"58.00000000","f":19862788,"l":19862790,"T":1633998523961,"m":true,"M":true}})";
inline constexpr std::string_view kBinanceBookTicker =
    R"({"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"})";
inline constexpr std::string_view kFuturesBookTicker =
    R"({"stream":"sushiusdt@bookTicker","data":{"e":"bookTicker","u":600859600576,"s":"SUSHIUSDT","b":"7.6110","B":"2","a":"7.6120","A":"297","T":1626992741012,"E":1626992741017}})";
inline constexpr std::string_view kBinanceUpdate =
    R"({"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"],["0.0027","0"]]})";
inline constexpr std::string_view kFuturesUpdate =
    R"({"stream":"sushiusdt@depth@100ms","data":{"e":"depthUpdate","E":1626992741037,"T":1626992741024,"s":"SUSHIUSDT","U":600859599090,"u":600859600917,"pu":600859598061,"b":[["7.5040","813"],["7.6090","0"]],"a":[]}})";
inline constexpr std::string_view kBinanceSnapshot =
    R"({"lastUpdateId":499869752,"bids":[["0.35210000","672.00000000"],["0.35200000","1144.00000000"]],"asks":[["0.35260000","3199.00000000"]]})";
inline constexpr std::string_view kFuturesSnapshot =
    R"({"lastUpdateId":600859605926,"E":1626992741264,"T":1626992741261,"bids":[["7.6110","6"]],"asks":[["7.6120","297"]]})";
inline constexpr std::string_view kBinancePartialBook =
    R"({"stream":"bnbbtc@depth5@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}})";
inline constexpr std::string_view kBinanceKline =
    R"({"stream":"nknusdt@kline_1m","data":{"e":"kline","E":1633998523963,"s":"NKNUSDT","k":{"t":1633998480000,"T":1633998539999,"s":"NKNUSDT","i":"1m","f":19862761,"L":19862790,"o":"0.35270000","c":"0.35280000","h":"0.35280000","l":"0.35220000","v":"25877.00000000","n":30,"x":false,"q":"9116.04600000","V":"58.00000000","Q":"20.46240000","B":"0"}}})";
inline constexpr std::string_view kBinanceTickers =
    R"([{"e":"24hrMiniTicker","E":1672515782136,"s":"BNBBTC","c":"0.0025","o":"0.0010"}])";
inline constexpr std::string_view kBinanceAcknowledgement = R"({"result":null,"id":1})";
inline constexpr std::string_view kBinanceRequest =
    R"({"method":"SUBSCRIBE","params":["btcusdt@aggTrade"],"id":1})";
inline constexpr std::string_view kBinanceError = R"({"code":-1121,"msg":"Invalid symbol."})";
inline constexpr std::string_view kBinanceShutdown = R"({"e":"serverShutdown","E":1770123456789})";
inline constexpr std::string_view kBinanceInstruments =
    R"({"timezone":"UTC","serverTime":1565246363776,"rateLimits":[{}],"symbols":[{"symbol":"ETHBTC","status":"TRADING"}]})";

// Kraken v2

inline constexpr std::string_view kKrakenTrades =
    R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":45283.4,"qty":0.00050,"ord_type":"market","trade_id":1,"timestamp":"2023-10-06T17:35:55.440295Z"},{"symbol":"ETH/USD","side":"buy","price":1e3,"qty":5e-7,"ord_type":"limit","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]})";
inline constexpr std::string_view kKrakenTradeSnapshot =
    R"({"channel":"trade","type":"snapshot","data":[{"symbol":"BTC/USD","side":"buy","price":45283.4,"qty":0.0005,"ord_type":"market","trade_id":7,"timestamp":"2023-10-06T17:35:55.440295Z"}]})";
inline constexpr std::string_view kKrakenBookSnapshot =
    R"({"channel":"book","type":"snapshot","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5666,"qty":4831.75496356},{"price":0.5665,"qty":6658.22734739}],"asks":[{"price":0.5668,"qty":4410.79769741}],"checksum":2439117997}]})";
inline constexpr std::string_view kKrakenBookUpdate =
    R"({"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.39470}],"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]})";
inline constexpr std::string_view kKrakenTicker =
    R"({"channel":"ticker","type":"snapshot","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}]})";
inline constexpr std::string_view kKrakenHeartbeat = R"({"channel":"heartbeat"})";
inline constexpr std::string_view kKrakenStatus =
    R"({"channel":"status","type":"update","data":[{"version":"2.0.0","system":"online","api_version":"v2","connection_id":12393906104898154338}]})";
inline constexpr std::string_view kKrakenAcknowledgement =
    R"({"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true,"time_in":"2023-10-06T17:35:55.440295Z","time_out":"2023-10-06T17:35:55.440315Z"})";
inline constexpr std::string_view kKrakenError =
    R"({"error":"Currency pair not supported","method":"subscribe","success":false,"symbol":"X/Y"})";
inline constexpr std::string_view kKrakenRequest =
    R"({"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10}})";
inline constexpr std::string_view kKrakenInstruments =
    R"({"channel":"instrument","type":"snapshot","data":{"assets":[{"id":"USD"}],"pairs":[{"symbol":"EUR/USD","price_precision":5,"qty_precision":8}]}})";
inline constexpr std::string_view kKrakenCandle =
    R"({"channel":"ohlc","type":"update","data":[{"symbol":"ALGO/USD","open":0.1,"close":0.1,"trades":1}]})";

// Kraken v1

inline constexpr std::string_view kKrakenV1Snapshot =
    R"([1360,{"as":[["0.000022900","13355.87450757","1618678123.481570"]],"bs":[["0.000022890","5.00000000","1618678132.136369"],["0.000022880","1.50000000","1618678123.419442"]]},"book-1000","SC/EUR"])";
inline constexpr std::string_view kKrakenV1Update =
    R"([992,{"b":[["354.15000000","5.00000000","1618678133.365913"],["354.10000000","0.00000000","1618678133.365900","r"]],"c":"2583817756"},"book-1000","XMR/USD"])";
inline constexpr std::string_view kKrakenV1TwoSides =
    R"([1920,{"a":[["0.042990","364630.28272081","1618678145.920470"]]},{"b":[["0.042990","0.00000000","1618678145.920708"]],"c":"4105471083"},"book-1000","SC/EUR"])";
inline constexpr std::string_view kKrakenV1Trades =
    R"([0,[["5541.20000","0.15850568","1534614057.321597","s","l",""],["6060.00000","0.02455000","1534614057.324998","b","m",""]],"trade","XBT/USD"])";
inline constexpr std::string_view kKrakenV1Spread =
    R"([0,["5698.40000","5700.00000","1542057299.545897","1.01234567","0.98765432"],"spread","XBT/USD"])";
inline constexpr std::string_view kKrakenV1Ticker =
    R"([0,{"a":["5525.40000",1,"1.000"],"b":["5525.10000",1,"2.000"],"c":["5525.10000","0.00398963"],"v":["2634.11501494","3591.17907851"],"t":[11493,16346]},"ticker","XBT/USD"])";
inline constexpr std::string_view kKrakenV1Candle =
    R"([42,["1542057314.748456","1542057360.435743","3586.70000","3586.70000","3586.60000","3586.60000","3586.68894","0.03373000",2],"ohlc-5","XBT/USD"])";
inline constexpr std::string_view kKrakenV1Heartbeat = R"({"event":"heartbeat"})";
inline constexpr std::string_view kKrakenV1Status =
    R"({"connectionID":17843232920108168701,"event":"systemStatus","status":"online","version":"1.8.3"})";
inline constexpr std::string_view kKrakenV1Subscribed =
    R"({"channelID":1664,"channelName":"book-1000","event":"subscriptionStatus","pair":"WAVES/EUR","status":"subscribed","subscription":{"depth":1000,"name":"book"}})";
inline constexpr std::string_view kKrakenV1Refused =
    R"({"errorMessage":"Subscription depth not supported","event":"subscriptionStatus","pair":"XBT/USD","status":"error","subscription":{"depth":42,"name":"book"}})";
inline constexpr std::string_view kKrakenV1Subscribe =
    R"({"event":"subscribe","pair":["XMR/USD"],"subscription":{"name":"book","depth":1000}})";

inline constexpr std::array kGolden{
    Golden{"coinbase_match", Venue::coinbase, Kind::trades, kCoinbaseMatch},
    Golden{"coinbase_last_match", Venue::coinbase, Kind::trades, kCoinbaseLastMatch},
    Golden{"coinbase_ticker", Venue::coinbase, Kind::quote, kCoinbaseTicker},
    Golden{"coinbase_old_ticker", Venue::coinbase, Kind::quote, kCoinbaseOldTicker},
    Golden{"coinbase_heartbeat", Venue::coinbase, Kind::heartbeat, kCoinbaseHeartbeat},
    Golden{"coinbase_snapshot", Venue::coinbase, Kind::book_snapshot, kCoinbaseSnapshot},
    Golden{"coinbase_update", Venue::coinbase, Kind::book_update, kCoinbaseUpdate},
    Golden{"coinbase_subscriptions", Venue::coinbase, Kind::acknowledgement,
           kCoinbaseSubscriptions},
    Golden{"coinbase_subscribe", Venue::coinbase, Kind::request, kCoinbaseSubscribe},
    Golden{"coinbase_error", Venue::coinbase, Kind::venue_error, kCoinbaseError},
    Golden{"coinbase_status", Venue::coinbase, Kind::status, kCoinbaseStatus},
    Golden{"coinbase_open", Venue::coinbase, Kind::other_known, kCoinbaseOpen},
    Golden{"coinbase_rest_book", Venue::coinbase, Kind::book_snapshot, kCoinbaseRestBook},
    Golden{"coinbase_products", Venue::coinbase, Kind::instruments, kCoinbaseProducts},
    Golden{"binance_trade", Venue::binance, Kind::trades, kBinanceTrade},
    Golden{"binance_old_trade", Venue::binance, Kind::trades, kBinanceOldTrade},
    Golden{"binance_microseconds", Venue::binance, Kind::trades, kBinanceMicrosecondTrade},
    Golden{"binance_agg_trade", Venue::binance, Kind::trades, kBinanceAggTrade},
    Golden{"binance_book_ticker", Venue::binance, Kind::quote, kBinanceBookTicker},
    Golden{"futures_book_ticker", Venue::binance, Kind::quote, kFuturesBookTicker},
    Golden{"binance_update", Venue::binance, Kind::book_update, kBinanceUpdate},
    Golden{"futures_update", Venue::binance, Kind::book_update, kFuturesUpdate},
    Golden{"binance_snapshot", Venue::binance, Kind::book_snapshot, kBinanceSnapshot},
    Golden{"futures_snapshot", Venue::binance, Kind::book_snapshot, kFuturesSnapshot},
    Golden{"binance_partial_book", Venue::binance, Kind::book_snapshot, kBinancePartialBook},
    Golden{"binance_kline", Venue::binance, Kind::other_known, kBinanceKline},
    Golden{"binance_tickers", Venue::binance, Kind::other_known, kBinanceTickers},
    Golden{"binance_acknowledgement", Venue::binance, Kind::acknowledgement,
           kBinanceAcknowledgement},
    Golden{"binance_request", Venue::binance, Kind::request, kBinanceRequest},
    Golden{"binance_error", Venue::binance, Kind::venue_error, kBinanceError},
    Golden{"binance_shutdown", Venue::binance, Kind::status, kBinanceShutdown},
    Golden{"binance_instruments", Venue::binance, Kind::instruments, kBinanceInstruments},
    Golden{"kraken_trades", Venue::kraken, Kind::trades, kKrakenTrades},
    Golden{"kraken_trade_snapshot", Venue::kraken, Kind::trades, kKrakenTradeSnapshot},
    Golden{"kraken_book_snapshot", Venue::kraken, Kind::book_snapshot, kKrakenBookSnapshot},
    Golden{"kraken_book_update", Venue::kraken, Kind::book_update, kKrakenBookUpdate},
    Golden{"kraken_ticker", Venue::kraken, Kind::quote, kKrakenTicker},
    Golden{"kraken_heartbeat", Venue::kraken, Kind::heartbeat, kKrakenHeartbeat},
    Golden{"kraken_status", Venue::kraken, Kind::status, kKrakenStatus},
    Golden{"kraken_acknowledgement", Venue::kraken, Kind::acknowledgement, kKrakenAcknowledgement},
    Golden{"kraken_error", Venue::kraken, Kind::venue_error, kKrakenError},
    Golden{"kraken_request", Venue::kraken, Kind::request, kKrakenRequest},
    Golden{"kraken_instruments", Venue::kraken, Kind::instruments, kKrakenInstruments},
    Golden{"kraken_candle", Venue::kraken, Kind::other_known, kKrakenCandle},
    Golden{"kraken_v1_snapshot", Venue::kraken, Kind::book_snapshot, kKrakenV1Snapshot},
    Golden{"kraken_v1_update", Venue::kraken, Kind::book_update, kKrakenV1Update},
    Golden{"kraken_v1_two_sides", Venue::kraken, Kind::book_update, kKrakenV1TwoSides},
    Golden{"kraken_v1_trades", Venue::kraken, Kind::trades, kKrakenV1Trades},
    Golden{"kraken_v1_spread", Venue::kraken, Kind::quote, kKrakenV1Spread},
    Golden{"kraken_v1_ticker", Venue::kraken, Kind::quote, kKrakenV1Ticker},
    Golden{"kraken_v1_candle", Venue::kraken, Kind::other_known, kKrakenV1Candle},
    Golden{"kraken_v1_heartbeat", Venue::kraken, Kind::heartbeat, kKrakenV1Heartbeat},
    Golden{"kraken_v1_status", Venue::kraken, Kind::status, kKrakenV1Status},
    Golden{"kraken_v1_subscribed", Venue::kraken, Kind::acknowledgement, kKrakenV1Subscribed},
    Golden{"kraken_v1_refused", Venue::kraken, Kind::venue_error, kKrakenV1Refused},
    Golden{"kraken_v1_subscribe", Venue::kraken, Kind::request, kKrakenV1Subscribe},
};

}  // namespace tapeline::codec::json::test
