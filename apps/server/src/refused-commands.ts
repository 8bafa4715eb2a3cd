import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import { RefusalLog } from '@openpro/cluster';
import { isRefusalAnswer, type RequestContext } from '@openpro/platform';
import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { type Observable, tap } from 'rxjs';

/** Says that the lists are behind, not that anything was wrong. */
const PASSING: readonly string[] = ['NotYetVisible', 'CountBehind'];

/** Writes down what people want to change and may not, or not so, for auditors: each once a minute, however often they try. */
@Injectable()
export class RefusedCommands implements NestInterceptor {
  constructor(private readonly refusals: RefusalLog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<GqlContextType>() !== 'graphql') return next.handle();
    const call = GqlExecutionContext.create(context);
    return next.handle().pipe(
      tap((value) => {
        if (isRefusalAnswer(value))
          this.record(call.getContext<RequestContext>(), call.getInfo<GraphQLResolveInfo>(), value);
      }),
    );
  }

  /** What the gate of the API did not let in. */
  notLetIn(error: unknown, context: RequestContext, info: GraphQLResolveInfo): void {
    if (!(error instanceof GraphQLError)) return;
    const { code } = error.extensions;
    if (code === 'FORBIDDEN' || code === 'BAD_USER_INPUT')
      this.record(context, info, { code, message: error.message });
  }

  private record(
    { actor }: RequestContext,
    { parentType, fieldName }: GraphQLResolveInfo,
    { code, message }: { readonly code: string; readonly message: string },
  ): void {
    if (!actor || parentType.name !== 'Mutation' || PASSING.includes(code)) return;
    const { id } = actor;
    this.refusals.record({
      what: 'command',
      from: id,
      command: fieldName,
      node: null,
      code,
      reason: message,
    });
  }
}
