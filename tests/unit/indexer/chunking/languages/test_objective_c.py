"""The table of Objective-C."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, definitions_of, found_in

OBJECTIVE_C = """\
#import <Foundation/Foundation.h>
#define MAX_RETRY 3
#define SQUARE(x) ((x) * (x))

NSString *const kClientName = @"client";
static int counter = 0;
typedef void (^Handler)(NSData *data, NSError *error);
typedef NS_ENUM(NSInteger, ClientState) {
    ClientStateIdle,
    ClientStateBusy,
};
typedef struct {
    int x;
} Point;
struct Node { int v; };
enum Color { Red, Green };

/// Delegate.
@protocol ClientDelegate <NSObject>
@required
- (void)client:(Client *)client didFail:(NSError *)error;
@optional
- (void)clientDone;
@property (nonatomic) BOOL enabled;
@end

/** Talks. */
@interface Client : NSObject <ClientDelegate> {
    int _ivar;
}
@property (nonatomic, strong) NSString *name;
@property (nonatomic, weak) id<ClientDelegate> delegate;
+ (instancetype)shared;
- (void)sendRequest:(NSURLRequest *)request withToken:(NSString *)token;
- (int)count;
@end

@interface Client ()
- (void)privateThing;
@end

@implementation Client

@synthesize name = _name;

// Shared.
+ (instancetype)shared {
    static Client *c;
    return c;
}

#pragma mark - Send

/** Sends. */
- (void)sendRequest:(NSURLRequest *)request withToken:(NSString *)token {
    int local = 1;
    [self go];
}

- (int)count { return 1; }

static void helper(int a) {
    return;
}

@end

@implementation Client (Extras)
- (void)extra:(int)a {
}
@end

int main(int argc, char *argv[]) {
    @autoreleasepool {
        return 0;
    }
}
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MAX_RETRY", "macro", 2, 2),
        ("SQUARE", "macro", 3, 3),
        ("kClientName", "constant", 5, 5),
        ("counter", "variable", 6, 6),
        ("Handler", "type", 7, 7),
        ("ClientState", "enum", 8, 11),
        ("Point", "struct", 12, 14),
        ("Node", "struct", 15, 15),
        ("Color", "enum", 16, 16),
        ("ClientDelegate", "protocol", 18, 25),
        ("ClientDelegate.client:didFail:", "method", 21, 21),
        ("ClientDelegate.clientDone", "method", 23, 23),
        ("ClientDelegate.enabled", "property", 24, 24),
        ("Client", "class", 27, 36),
        ("Client.name", "property", 31, 31),
        ("Client.delegate", "property", 32, 32),
        ("Client.shared", "method", 33, 33),
        ("Client.sendRequest:withToken:", "method", 34, 34),
        ("Client.count", "method", 35, 35),
        ("Client", "class", 38, 40),
        ("Client.privateThing", "method", 39, 39),
        ("Client", "impl", 42, 66),
        ("Client.shared", "method", 46, 50),
        ("Client.sendRequest:withToken:", "method", 54, 58),
        ("Client.count", "method", 60, 60),
        ("Client.helper", "method", 62, 64),
        ("Client", "impl", 68, 71),
        ("Client.extra:", "method", 69, 70),
        ("main", "function", 73, 77),
    ]
    assert found_in("Client.m", OBJECTIVE_C) == expected


def test_selectors_are_whole_names() -> None:
    [declared, defined] = [
        found for found in definitions_of("Client.m", OBJECTIVE_C) if found.name == "sendRequest:withToken:"
    ]
    assert (declared.minor, defined.minor) == (True, False)
    assert defined.signature.startswith("- (void)sendRequest:(NSURLRequest *)request withToken:(NSString *)token")


def test_annotation_macros_of_apples_headers_do_not_hide_classes() -> None:
    text = """\
NS_ASSUME_NONNULL_BEGIN

typedef NS_OPTIONS(NSUInteger, RetryOptions) {
    RetryOptionsNone = 0,
} NS_SWIFT_NAME(Options);

FOUNDATION_EXPORT NSString * RetryName(NSString *url);

API_AVAILABLE(ios(10.0), macos(10.12))
@interface Retry : NSObject
- (instancetype)init NS_UNAVAILABLE;
- (void)retry:(NSInteger)times after:(double)seconds API_DEPRECATED("use times", ios(9.0, 13.0));
@end

@implementation Retry
- (void)retry:(__unused NSInteger)times after:(double)seconds {
    if (@available(iOS 10, *)) { [self go]; }
}
@end

NS_ASSUME_NONNULL_END
"""
    expected: Found = [
        ("RetryOptions", "enum", 3, 5),
        ("RetryName", "prototype", 7, 7),
        ("Retry", "class", 10, 13),
        ("Retry.init", "method", 11, 11),
        ("Retry.retry:after:", "method", 12, 12),
        ("Retry", "impl", 15, 19),
        ("Retry.retry:after:", "method", 16, 18),
    ]
    assert found_in("Retry.m", text) == expected
